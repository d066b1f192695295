"""An agent's functions over streams, compiled once for all agents of its kind."""

from collections.abc import Callable
from functools import lru_cache
from typing import Any, NamedTuple

import equinox as eqx
import jax
from jaxtyping import Array, Key, PyTree

from engrax.agents.base import AbstractAgent
from engrax.runtime.placement import ONE_DEVICE, Placement
from engrax.runtime.streams import last_output, stepped
from engrax.types import AgentInput


def over_states(function: Callable[[Any], Any], states: PyTree) -> PyTree:
    """A function of the state of each stream; an agent without memory may have no arrays there."""
    return jax.vmap(function)(states) if jax.tree.leaves(states) else states


class Acting(NamedTuple):
    """An agent's compiled functions over streams.

    Attributes:
        parameters: of the agent; the functions take them first.
        refresh: the packed states, and the states that `unpack` makes of them.
        step: `step(parameters, states, inputs, keys, greedy)` uses up the states.
        last: `last(parameters, states, inputs, keys)`, the outputs alone.
    """

    parameters: PyTree
    refresh: Callable[..., Any]
    step: Callable[..., Any]
    last: Callable[..., Any]


def compiled_acting(agent: AbstractAgent[Any], placement: Placement = ONE_DEVICE) -> Acting:
    """The compiled functions of an agent, made once for agents that differ in their arrays only."""
    parameters, rest = eqx.partition(agent, eqx.is_array)
    leaves, structure = jax.tree.flatten(rest)
    return Acting(parameters, *_acting_of(structure, tuple(leaves), placement))


@lru_cache(maxsize=8)
def _acting_of(
    structure: Any, leaves: tuple[Any, ...], placement: Placement
) -> tuple[Callable[..., Any], ...]:
    rest = jax.tree.unflatten(structure, leaves)

    def refresh(parameters: PyTree, states: PyTree) -> PyTree:
        def run(parameters: PyTree, states: PyTree):
            agent = eqx.combine(parameters, rest)
            packed = over_states(agent.pack, states)
            return packed, over_states(agent.unpack, packed)

        return placement.over_streams(run, parameters, states)

    def step(
        parameters: PyTree, states: PyTree, inp: AgentInput, keys: Key[Array, " b"], greedy: Any
    ):
        def run(everywhere: Any, each: Any):
            (parameters, greedy), (states, inp, keys) = everywhere, each
            return stepped(eqx.combine(parameters, rest), states, inp, keys, greedy)

        return placement.over_streams(run, (parameters, greedy), (states, inp, keys))

    def last(parameters: PyTree, states: PyTree, inp: AgentInput, keys: Key[Array, " b"]):
        run = lambda parameters, each: last_output(eqx.combine(parameters, rest), *each)  # noqa: E731
        return placement.over_streams(run, parameters, (states, inp, keys))

    return placement.jit(refresh), placement.jit(step, donate_argnums=1), placement.jit(last)
