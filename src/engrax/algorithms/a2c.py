"""Advantage actor-critic: one gradient step per segment. MERLIN's learner."""

from dataclasses import dataclass
from typing import Any

import jax

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
from engrax.algorithms.replaying import replay
from engrax.losses.masks import Total, alone
from engrax.losses.policy import policy_gradient
from engrax.types import Segment


@dataclass(frozen=True, kw_only=True)
class A2C(AbstractLearner):
    """The policy gradient with generalised advantages; values follow the return to the end of the
    segment.

    Source: Mnih et al. 2016, arXiv 1602.01783, section 4, run in step; advantages as in Schulman et
    al. 2016, arXiv 1506.02438; Wayne et al. 2018, arXiv 1803.10760, methods, for MERLIN. Both
    targets are data, from the values recorded while acting: with one epoch and one minibatch, the
    default, they are the present ones. Deviation: losses are means over steps, not sums.
    """

    minibatches: int = 1
    """Parts of the streams, each of which makes one gradient step in a pass."""
    gae_lambda: float = 0.9
    """Lambda of the advantages."""

    def __post_init__(self):
        super().__post_init__()
        check_unit(gae_lambda=self.gae_lambda)

    def prepare(self, segments: Segment[Any], total: Total = alone) -> Batch:
        """Advantages, not normalised, and bootstrapped returns to the end of the segment."""
        targets = jax.vmap(lambda segment: self.recorded_targets(segment, self.gae_lambda, 1.0))(
            segments
        )
        return Batch(segments, *self.masks(segments), targets)

    def terms(self, agent: AbstractAgent[Any], batch: Batch) -> Terms:
        """The policy gradient, and the values' distance from the returns."""
        outs, targets = replay(agent, batch.segment), batch.targets
        log_policy = action_log_probabilities(outs, batch.segment.actions)
        policy = policy_gradient(log_policy, targets.advantages)
        return terms_of(agent, batch, outs, log_ratios(outs, batch), policy, targets.returns)
