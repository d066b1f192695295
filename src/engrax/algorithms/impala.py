"""IMPALA's learner: an actor-critic under V-trace, which corrects for the age of the policy that acted."""

from dataclasses import dataclass
from typing import Any, Literal

import jax
import jax.numpy as jnp

from engrax.agents.base import AbstractAgent
from engrax.algorithms.base import AbstractLearner, Lesson, Terms, check_trace, replay, told
from engrax.losses.policy import entropies, log_probabilities, policy_gradient
from engrax.losses.returns import vtrace
from engrax.types import Segment


@dataclass(frozen=True, kw_only=True)
class IMPALA(AbstractLearner):
    """V-trace actor-critic (Espeholt et al. 2018, arXiv 1802.01561, section 4): the paper's learner for HCAM.

    Deviations: losses are means over steps, not sums; Adam instead of RMSProp, as HCAM's authors used. Where an action
    has no effect its ratio counts as 1, whatever the two policies thought of it.
    """

    kind: Literal["impala"] = "impala"
    trace: float = 1.0
    """Lambda, a factor on every trace."""
    value_clip: float = 1.0
    """The most that a ratio counts in a temporal difference: rho-bar."""
    trace_clip: float = 1.0
    """The most that a ratio counts in a trace: c-bar."""

    def __post_init__(self):
        super().__post_init__()
        check_trace(self.trace)
        for name in ("value_clip", "trace_clip"):
            if getattr(self, name) <= 0.0:
                raise ValueError(f"{name} is {getattr(self, name)}, expected more than 0")

    def prepare(self, segments: Segment[Any]) -> Lesson:
        """The segments as they are: V-trace's targets follow the parameters."""
        return Lesson(segments, *self.masks(segments), targets=())

    def terms(self, agent: AbstractAgent[Any], lesson: Lesson) -> Terms:
        """The policy gradient under V-trace's advantages, and the values' distance from its targets."""
        segment, steps = lesson.segment, lesson.segment.steps
        outs = replay(agent, segment)
        log_policy = log_probabilities(outs.logits[:-1], segment.actions)
        log_ratios = (log_policy - log_probabilities(segment.logits[:-1], segment.actions)) * lesson.acted
        corrected = vtrace(
            steps.reward[1:],
            self.discount * steps.discount[1:],
            jax.lax.stop_gradient(outs.value),
            segment.void,
            jnp.exp(jax.lax.stop_gradient(log_ratios)),
            self.trace,
            self.value_clip,
            self.trace_clip,
        )
        return Terms(
            policy=policy_gradient(log_policy, corrected.advantages),
            entropy=entropies(outs.logits[:-1]),
            values=outs.value[:-1],
            returns=corrected.returns,
            ratio_change=jnp.abs(jnp.exp(log_ratios) - 1.0),
            **told(agent, lesson, outs, corrected.returns),
        )
