"""IMPALA's learner: an actor-critic under V-trace, which corrects for the age of the policy that
acted.
"""

from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp

from engrax.agents.base import AbstractAgent
from engrax.algorithms.base import (
    AbstractLearner,
    Batch,
    Terms,
    action_log_probabilities,
    check_unit,
    log_ratios,
    terms_of,
)
from engrax.algorithms.replaying import before_last, replay_to_end
from engrax.losses.masks import Total, alone
from engrax.losses.policy import policy_gradient
from engrax.losses.returns import vtrace
from engrax.types import Segment


@dataclass(frozen=True, kw_only=True)
class IMPALA(AbstractLearner):
    """V-trace actor-critic (Espeholt et al. 2018, arXiv 1802.01561, section 4): the paper's learner
    for HCAM.

    Deviations: losses are means over steps, not sums; Adam instead of RMSProp, as HCAM's authors
    used. Where an action does not count its ratio is 1, whatever the two policies are.
    """

    trace_lambda: float = 1.0
    """Lambda, a factor on every trace."""
    value_clip: float = 1.0
    """Clip of the ratio in a temporal difference: rho-bar."""
    trace_clip: float = 1.0
    """Clip of the ratio in a trace: c-bar."""

    def __post_init__(self):
        super().__post_init__()
        check_unit(trace_lambda=self.trace_lambda)
        for name in ("value_clip", "trace_clip"):
            if getattr(self, name) <= 0.0:
                raise ValueError(f"{name} is {getattr(self, name)}, expected more than 0")

    def prepare(self, segments: Segment[Any], total: Total = alone) -> Batch:
        """The segments without targets: V-trace's targets depend on the parameters."""
        return Batch(segments, *self.masks(segments), targets=())

    def terms(self, agent: AbstractAgent[Any], batch: Batch) -> Terms:
        """The policy gradient under V-trace's advantages, and the values' distance from its
        targets.
        """
        segment = batch.segment
        to_end = replay_to_end(agent, segment)
        outs = before_last(to_end)
        ratios = log_ratios(outs, batch)
        corrected = vtrace(
            *self.rewards_and_discounts(segment),
            jax.lax.stop_gradient(to_end.value),
            segment.void,
            jnp.exp(jax.lax.stop_gradient(ratios)),
            self.trace_lambda,
            self.value_clip,
            self.trace_clip,
        )
        log_policy = action_log_probabilities(outs, segment.actions)
        policy = policy_gradient(log_policy, corrected.advantages)
        return terms_of(agent, batch, outs, ratios, policy, corrected.returns)
