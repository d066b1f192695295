"""Advantage actor-critic: one gradient step on what has just been done. MERLIN's learner."""

from dataclasses import dataclass
from typing import Any, Literal

import jax
import jax.numpy as jnp

from engrax.agents.base import AbstractAgent
from engrax.algorithms.base import AbstractLearner, Lesson, Terms, check_trace, recorded_targets, replay, told
from engrax.losses.policy import entropies, log_probabilities, policy_gradient
from engrax.types import Segment


@dataclass(frozen=True, kw_only=True)
class A2C(AbstractLearner):
    """The policy gradient with generalised advantages; values follow the return to the end of the segment.

    Source: Mnih et al. 2016, arXiv 1602.01783, section 4, run in step; advantages as in Schulman et al. 2016, arXiv
    1506.02438; Wayne et al. 2018, arXiv 1803.10760, methods, for MERLIN. Both targets are data, from the values
    recorded while acting: with one epoch and one minibatch, the default, they are the present ones. Deviation: losses
    are means over steps, not sums.
    """

    kind: Literal["a2c"] = "a2c"
    minibatches: int = 1
    """Parts of the streams, each of which makes one gradient step in a pass."""
    trace: float = 0.9
    """Lambda of the advantages."""

    def __post_init__(self):
        super().__post_init__()
        check_trace(self.trace)

    def prepare(self, segments: Segment[Any]) -> Lesson:
        """Advantages as they are, and bootstrapped returns of the rest of the segment."""
        targets = jax.vmap(lambda segment: recorded_targets(segment, self.discount, self.trace, 1.0))(segments)
        return Lesson(segments, *self.masks(segments), targets)

    def terms(self, agent: AbstractAgent[Any], lesson: Lesson) -> Terms:
        """The policy gradient, and the values' distance from the returns."""
        segment, targets = lesson.segment, lesson.targets
        outs = replay(agent, segment)
        log_policy = log_probabilities(outs.logits[:-1], segment.actions)
        behaviour = log_probabilities(segment.logits[:-1], segment.actions)
        return Terms(
            policy=policy_gradient(log_policy, targets.advantages),
            entropy=entropies(outs.logits[:-1]),
            values=outs.value[:-1],
            returns=targets.returns,
            ratio_change=jnp.abs(jnp.exp(log_policy - behaviour) - 1.0),
            **told(agent, lesson, outs, targets.returns),
        )
