"""Segments, put together of what was seen in T steps and at the step after them."""

from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Key, PyTree

from engrax.runtime.streams import Episodes, Streams
from engrax.types import AgentOutput, Segment


def seen_of(streams: Streams, output: AgentOutput) -> tuple[Any, ...]:
    """What a segment stores of a step, in its order, up to the keys."""
    return streams.step, streams.previous_action, output.policy, output.value


def step_keys(keys: Key[Array, " b"], length: int) -> Key[Array, "t b"]:
    """One key per step and stream, of one a stream."""
    return jnp.swapaxes(jax.vmap(lambda key: jax.random.split(key, length))(keys), 0, 1)


def assembled(
    seen: tuple[Any, ...], returns: Array, opening: PyTree
) -> tuple[Segment[Any], Episodes]:
    """Segments and episodes, from what was seen, streams first."""
    segment = Segment(*seen, state=opening)
    steps = segment.steps
    success = steps.info["success"][:, 1:] if "success" in steps.info else None
    return segment, Episodes(steps.last[:, 1:], returns, success)
