"""Proximal policy optimisation over segments that carry the agent's memory."""

from dataclasses import dataclass
from typing import Any, Literal

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from engrax.agents.base import AbstractAgent
from engrax.algorithms.base import (
    AbstractLearner,
    Lesson,
    Terms,
    check_trace,
    masked_mean,
    recorded_targets,
    replay,
    told,
)
from engrax.losses.policy import clipped_surrogate, entropies, log_probabilities
from engrax.types import Segment


@dataclass(frozen=True, kw_only=True)
class PPO(AbstractLearner):
    """Proximal policy optimisation (Schulman et al. 2017, arXiv 1707.06347), recurrent, whole segments a minibatch."""

    kind: Literal["ppo"] = "ppo"
    epochs: int = 2
    """Passes over the segments of an update."""
    trace: float = 0.95
    """Lambda of the advantages."""
    clip: float = 0.2
    """How far the policy's ratio counts."""

    def __post_init__(self):
        super().__post_init__()
        check_trace(self.trace)
        if self.clip <= 0.0:
            raise ValueError(f"clip is {self.clip}, expected more than 0")

    def prepare(self, segments: Segment[Any]) -> Lesson:
        """Advantages, normalised over all steps whose policy is trained, and returns."""
        targets = jax.vmap(lambda segment: recorded_targets(segment, self.discount, self.trace, self.trace))(segments)
        valid, acted = self.masks(segments)
        return Lesson(segments, valid, acted, targets._replace(advantages=normalised(targets.advantages, acted)))

    def terms(self, agent: AbstractAgent[Any], lesson: Lesson) -> Terms:
        """The clipped surrogate, and the values' distance from the returns."""
        segment, targets = lesson.segment, lesson.targets
        outs = replay(agent, segment)
        logits = outs.logits[:-1]
        behaviour = log_probabilities(segment.logits[:-1], segment.actions)
        log_ratios = log_probabilities(logits, segment.actions) - behaviour
        return Terms(
            policy=clipped_surrogate(log_ratios, targets.advantages, self.clip),
            entropy=entropies(logits),
            values=outs.value[:-1],
            returns=targets.returns,
            ratio_change=jnp.abs(jnp.exp(log_ratios) - 1.0),
            **told(agent, lesson, outs, targets.returns),
        )


def normalised(advantages: Float[Array, "*n"], mask: Float[Array, "*n"]) -> Float[Array, "*n"]:
    """Advantages with zero mean and unit variance over the steps whose mask is 1."""
    centred = advantages - masked_mean(advantages, mask)
    return centred * jax.lax.rsqrt(masked_mean(jnp.square(centred), mask) + 1e-8)
