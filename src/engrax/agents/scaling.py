"""Vectors and rewards of any size, scaled by statistics that belong to the agent.

They are saved with its weights, follow what training shows, and stay as they are when it plays.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from engrax.agents.base import AbstractAgent
from engrax.losses.masks import Moments, Total, alone, pooled
from engrax.losses.returns import discounted_sums
from engrax.types import AgentInput, Segment, Spec, TimeStep, VectorSpec

S = TypeVar("S")

LARGEST = 10.0
"""Scaled vectors are clipped to this in size."""
MEMORY = 1e7
"""Steps after which the statistics forget the earliest ones."""
HORIZON = 0.99
"""The discount of the sums of rewards whose size is measured."""
REWARDS = "rewards"


@dataclass(frozen=True)
class Normalisation:
    """What of an agent's inputs is scaled by statistics of its training."""

    vectors: bool = False
    """Whether each number of a vector is shifted and scaled to mean 0 and variance 1."""
    rewards: bool = False
    """Whether rewards are divided by the deviation of discounted sums of rewards; as inputs, and in
    the targets of policy and value."""


class Scales(eqx.Module):
    """Running means and variances.

    Attributes:
        vectors: of each vector, by its name: `[size]`.
        rewards: of discounted sums of rewards; None where they are not scaled.
    """

    vectors: dict[str, Moments]
    rewards: Moments | None

    def __init__(self, specs: Mapping[str, Spec], settings: Normalisation):
        """Statistics of nothing yet, which change nothing.

        Args:
            specs: of the parts of an observation.
            settings: what is scaled.
        """
        sizes = {name: spec.size for name, spec in specs.items() if isinstance(spec, VectorSpec)}
        self.vectors = {name: _nothing((n,)) for name, n in sizes.items() if settings.vectors}
        self.rewards = _nothing(()) if settings.rewards else None

    @property
    def reward_factor(self) -> Float[Array, ""] | None:
        """What rewards are multiplied by; None where they are not scaled."""
        if self.rewards is None:
            return None
        return jax.lax.stop_gradient(jax.lax.rsqrt(self.rewards.variance + 1e-8))

    def scaled(self, inps: AgentInput) -> AgentInput:
        """Inputs, over any leading axes, as the agent's networks receive them."""
        observation = {
            name: _standard(part, self.vectors[name]) if name in self.vectors else part
            for name, part in inps.observation.items()
        }
        reward, factor = inps.previous_reward, self.reward_factor
        reward = reward if factor is None else reward * factor
        return AgentInput(observation, inps.previous_action, reward, inps.first)

    def after(self, steps: TimeStep, total: Total = alone) -> "Scales":
        """The statistics after segments, of which each device has some.

        Args:
            steps: [streams, T+1, ...]; the first ones were the last ones of the segments before.
            total: sums over the devices.
        """
        seen = {
            name: _with(before, steps.observation[name][:, 1:], total)
            for name, before in self.vectors.items()
        }
        rewards = self.rewards
        if rewards is not None:
            cut = HORIZON * (1.0 - steps.last[:, 1:].astype(jnp.float32))
            rewards = _with(rewards, jax.vmap(discounted_sums)(steps.reward[:, 1:], cut), total)
        return eqx.tree_at(
            lambda scales: (scales.vectors, scales.rewards),
            self,
            (seen, rewards),
            is_leaf=lambda leaf: leaf is None,
        )


class AbstractScaledAgent(AbstractAgent[S]):
    """An agent whose inputs are scaled."""

    scales: eqx.AbstractVar[Scales]

    @property
    def reward_factor(self) -> Float[Array, ""] | None:
        """By the size of rewards so far."""
        return self.scales.reward_factor

    def after(self, segments: Segment[Any], total: Total) -> "AbstractScaledAgent[S]":
        """With the statistics of these segments too."""
        scales = self.scales.after(segments.steps, total)
        return eqx.tree_at(lambda agent: agent.scales, self, scales)


def _nothing(shape: tuple[int, ...]) -> Moments:
    return Moments(jnp.zeros(shape), jnp.zeros(shape), jnp.ones(shape))


def _standard(x: Float[Array, "*t d"], moments: Moments) -> Float[Array, "*t d"]:
    """With mean 0 and variance 1. No gradient flows into the statistics."""
    mean, variance = jax.lax.stop_gradient((moments.mean, moments.variance))
    mean, scale = (jnp.broadcast_to(one, x.shape) for one in (mean, jax.lax.rsqrt(variance + 1e-8)))
    return jnp.clip((x - mean) * scale, -LARGEST, LARGEST)


def _with(before: Moments, x: Float[Array, "b t *d"], total: Total) -> Moments:
    """The moments of these numbers too; those that are not finite count as the mean."""
    mean = jnp.broadcast_to(before.mean, x.shape)
    shift = jnp.where(jnp.isfinite(x), x - mean, 0.0)  # near 0, so that squares are exact
    centre = jnp.mean(shift, axis=(0, 1))
    spread = jnp.mean(jnp.square(shift - jnp.broadcast_to(centre, x.shape)), axis=(0, 1))
    number = jnp.full(centre.shape, x.shape[0] * x.shape[1], jnp.float32)
    found = pooled(Moments(number, centre, spread), total)
    weight = jnp.minimum(before.number, MEMORY)
    whole = weight + found.number
    share = found.number / whole
    variance = (
        before.variance * (1.0 - share)
        + found.variance * share
        + jnp.square(found.mean) * share * (1.0 - share)
    )
    return Moments(whole, before.mean + share * found.mean, variance)
