"""Proximal policy optimisation over segments that carry the agent's memory."""

from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from engrax.agents.base import AbstractAgent
from engrax.algorithms.base import (
    AbstractLearner,
    Batch,
    Terms,
    check_unit,
    log_ratios,
    terms_of,
)
from engrax.algorithms.replaying import replay
from engrax.losses.masks import Total, alone, masked_mean
from engrax.losses.policy import clipped_surrogate
from engrax.types import Segment


@dataclass(frozen=True, kw_only=True)
class PPO(AbstractLearner):
    """Proximal policy optimisation (Schulman et al. 2017, arXiv 1707.06347), recurrent, whole
    segments a minibatch.
    """

    epochs: int = 2
    """Passes over the segments of an update."""
    gae_lambda: float = 0.95
    """Lambda of the advantages."""
    clip: float = 0.2
    """Clip of the policy's ratio."""

    def __post_init__(self):
        super().__post_init__()
        check_unit(gae_lambda=self.gae_lambda)
        if self.clip <= 0.0:
            raise ValueError(f"clip is {self.clip}, expected more than 0")

    def prepare(self, segments: Segment[Any], total: Total = alone) -> Batch:
        """Advantages, normalised over all steps whose policy is trained, and returns."""
        trace = self.gae_lambda
        targets = jax.vmap(lambda segment: self.recorded_targets(segment, trace, trace))(segments)
        valid, effective = self.masks(segments)
        advantages = normalised(targets.advantages, effective, total)
        targets = targets._replace(advantages=advantages)
        return Batch(segments, valid, effective, targets)

    def terms(self, agent: AbstractAgent[Any], batch: Batch) -> Terms:
        """The clipped surrogate, and the values' distance from the returns."""
        outs, targets = replay(agent, batch.segment), batch.targets
        ratios = log_ratios(outs, batch)
        policy = clipped_surrogate(ratios, targets.advantages, self.clip)
        return terms_of(agent, batch, outs, ratios, policy, targets.returns)


def normalised(
    advantages: Float[Array, "*n"], mask: Float[Array, "*n"], total: Total = alone
) -> Float[Array, "*n"]:
    """Advantages with zero mean and unit variance over the steps whose mask is 1."""
    centred = advantages - masked_mean(advantages, mask, total)
    return centred * jax.lax.rsqrt(masked_mean(jnp.square(centred), mask, total) + 1e-8)
