"""The step of an agent as a function of arrays alone, which other runtimes can have."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax.extend.core import jaxpr_as_fun
from jax.interpreters import partial_eval
from jax.tree_util import keystr
from jax.tree_util import tree_leaves_with_path as leaves_with_path
from jaxtyping import Array

from engrax.agents.base import AbstractAgent
from engrax.types import AgentInput, AgentOutput, Interface

KEY = "key"
"""The input of an agent that draws at random."""


class Part(NamedTuple):
    """An input or an output of the exported function.

    Attributes:
        name: in the file.
        shape: of the array.
        dtype: of the array.
    """

    name: str
    shape: tuple[int, ...]
    dtype: str


class Step(NamedTuple):
    """The step of an agent as a function of arrays, without what it does not need.

    Attributes:
        function: takes the inputs in order, and returns the outputs in order.
        inputs: those that an output depends on: `observation.<name>`, `previous_action`,
            `previous_reward`, `first`, `key`, where the agent draws at random, and the states
            `state.<n>`.
        outputs: `action` (the likeliest), the parameters of the policy, such as `policy.logits`,
            `value`, and the states `next_state.<n>`.
    """

    function: Callable[..., Sequence[Array]]
    inputs: tuple[Part, ...]
    outputs: tuple[Part, ...]


def step_of(agent: AbstractAgent[Any], interface: Interface) -> Step:
    """The step of an agent as a function of arrays."""
    state, structure = jax.tree.flatten(agent.init_state())
    given, packing = jax.tree.flatten(
        (_example_input(interface), jax.random.key_data(jax.random.key(0)))
    )

    def step(arrays: Sequence[Array]) -> tuple[Any, AgentOutput]:
        inp, words = jax.tree.unflatten(packing, arrays[: len(given)])
        before = jax.tree.unflatten(structure, arrays[len(given) :])
        key = jax.random.wrap_key_data(words)
        after, _, output = agent.step(before, inp, key=key, greedy=True)
        return after, output

    def function(*arrays: Array) -> list[Array]:
        after, output = step(arrays)
        policy = jax.tree.leaves(output.policy)
        return [output.policy.mode(), *policy, output.value, *jax.tree.leaves(after)]

    names = [*_input_names(interface), KEY, *(f"state.{n}" for n in range(len(state)))]
    policy = eqx.filter_eval_shape(step, [*given, *state])[1].policy
    numbers = [f"policy{keystr(path)}" for path, _ in leaves_with_path(policy)]
    outputs = ["action", *numbers, "value", *(f"next_state.{n}" for n in range(len(state)))]
    closed, shapes = jax.make_jaxpr(function, return_shape=True)(*given, *state)
    # Without what no output needs: the sampling of an action, and often the key.
    jaxpr, used = partial_eval.dce_jaxpr(closed.jaxpr, [True] * len(outputs))
    inputs = zip(names, [*given, *state], used, strict=True)
    return Step(
        jaxpr_as_fun(closed.replace(jaxpr=jaxpr)),
        tuple(_part(name, array) for name, array, needed in inputs if needed),
        tuple(_part(name, shape) for name, shape in zip(outputs, shapes, strict=True)),
    )


def _example_input(interface: Interface) -> AgentInput:
    parts = interface.observations.items()
    observation = {name: jnp.zeros(spec.shape, spec.dtype) for name, spec in parts}
    none = interface.actions.none()
    return AgentInput(observation, none, jnp.zeros((), jnp.float32), jnp.ones((), bool))


def _input_names(interface: Interface) -> list[str]:
    """The names of an `AgentInput`'s arrays, in the order of its leaves."""
    parts = [f"observation.{name}" for name in sorted(interface.observations)]
    return [*parts, "previous_action", "previous_reward", "first"]


def _part(name: str, array: Any) -> Part:
    return Part(name, tuple(array.shape), np.dtype(array.dtype).name)
