"""Temporal value transport: the value of a later step is added to the rewards of the steps that
were read there.
"""

from dataclasses import dataclass, replace
from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int

from engrax.agents.base import AbstractAgent
from engrax.algorithms.replaying import replay
from engrax.errors import UserError
from engrax.types import Number, Reads, Segment


@dataclass(frozen=True, kw_only=True)
class Transport:
    """Temporal value transport (Hung et al. 2019, arXiv 1810.06721, methods)."""

    share: float = 0.0
    """Factor on the value that is transported; 0 transports nothing, the paper has 0.9."""
    threshold: float = 2.0
    """Reads of more than this strength transport."""

    def __post_init__(self):
        if self.share < 0.0:
            raise ValueError(f"share is {self.share}, expected at least 0: it is a factor")


def check_transport(transport: Transport, agent: AbstractAgent[Any]) -> None:
    """Raises UserError if values are to be transported and the agent does not say what it reads."""
    if transport.share and type(agent).reads is AbstractAgent.reads:
        raise UserError(
            f"learner.transport.share is {transport.share}, and {type(agent).__name__} has no "
            "reads along which values could be transported: use MERLIN, or set it to 0"
        )


def with_transport(
    transport: Transport, discount: Number, agent: AbstractAgent[Any], segments: Segment[Any]
) -> Segment[Any]:
    """The segments [streams, ...] with what is transported to each transition.

    Args:
        transport: the settings.
        discount: the learner's; see `transported`.
        agent: reads the segments again.
        segments: those of an update. What was read from before a segment gets nothing.
    """
    if not transport.share:
        return segments

    def added(segment: Segment[Any]) -> Float[Array, " t"]:
        reads = agent.reads(replay(agent, segment))
        assert reads is not None
        values = segment.values[1:] * segment.steps.discount[1:]
        firsts = segment.steps.first[:-1]
        return transported(transport, discount, reads, values, firsts, segment.void)

    return replace(segments, transported=jax.lax.stop_gradient(jax.vmap(added)(segments)))


def transported(
    transport: Transport,
    discount: Number,
    reads: Reads,
    values: Float[Array, " t"],
    firsts: Bool[Array, " t"],
    void: Bool[Array, " t"],
) -> Float[Array, " t"]:
    """What is added to the reward of each of T transitions.

    For each head, and each run of steps of one episode whose reads are stronger than the threshold,
    the strongest read, at step p, adds

        share * weight_p(t) * V_{p+1}    to the reward of each step t < p - 1 / (1 - discount)

    that it reads with weight_p(t). Nearer steps are left to the discounted return. The paper does
    not say what two heads give that read the same step; here it is the sum.

    Args:
        transport: share and threshold.
        discount: of rewards, a step.
        reads: of each step.
        values: of the step after each, 0 after a true end.
        firsts: where episodes open.
        void: steps that close an episode, whose following value is of another episode.
    """
    now = jnp.arange(values.shape[0], dtype=jnp.int32)
    peaks = jax.vmap(lambda strengths: strongest(strengths, transport.threshold, firsts), 1, 1)
    counted = peaks(reads.strengths) & ~void[:, None]
    horizon = 1.0 / jnp.maximum(1.0 - jnp.asarray(discount, jnp.float32), 1e-6)
    source = now[:, None] - reads.steps_ago
    far = (source >= 0) & (reads.steps_ago.astype(jnp.float32) > horizon)
    weights = jnp.sum(jnp.where(counted[:, :, None], reads.weights, 0.0), axis=1)
    shares = jnp.where(far, transport.share * weights * values[:, None], 0.0)
    return jnp.zeros_like(values).at[jnp.where(far, source, 0)].add(shares)


def strongest(
    strengths: Float[Array, " t"], threshold: float, firsts: Bool[Array, " t"]
) -> Bool[Array, " t"]:
    """The strongest step, the first of equals, of each run of steps of one episode that are above
    the threshold.
    """
    steps = jnp.arange(strengths.shape[0], dtype=jnp.int32)
    strong = strengths > threshold
    before = jnp.concatenate([jnp.zeros(1, bool), strong[:-1]])
    runs = jnp.cumsum((strong & (~before | firsts)).astype(jnp.int32))
    number = strengths.shape[0] + 1
    best = jax.ops.segment_max(jnp.where(strong, strengths, -jnp.inf), runs, number)
    at_best: Int[Array, " t"] = jnp.where(strong & (strengths == best[runs]), steps, number)
    return strong & (steps == jax.ops.segment_min(at_best, runs, number)[runs])
