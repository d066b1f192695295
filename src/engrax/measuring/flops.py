"""The arithmetic that a step needs, counted from the definition of a step rather than from what is
executed.

Counted are the multiplications and additions of matrix products and convolutions, two a pair;
elementwise arithmetic is left out. Products of parameters and constants alone are left out too: no
step needs them. What a fast unroll computes beyond the definition (masked products, recomputation)
is waste, and so does not count.
"""

from collections.abc import Callable, Sequence
from math import prod
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.extend.core import ClosedJaxpr, Jaxpr, Literal
from jaxtyping import PyTree

from engrax.agents.base import AbstractAgent
from engrax.types import AgentInput, Interface

BACKWARD = 2
"""Passes forward that a pass backward costs: a gradient of inputs and one of weights for every
product.
"""


def acting_flops(agent: AbstractAgent[Any], interface: Interface) -> int:
    """FLOPs of one step of acting: what `agent.step` needs."""
    state, inp, key = _example(agent, interface)
    return count(lambda state, inp, key: agent.step(state, inp, key=key), state, inp, key)


def learning_flops(agent: AbstractAgent[Any], interface: Interface) -> int:
    """FLOPs of learning from one step once: forward as in acting, the auxiliary losses, and
    backward through both.
    """
    state, inp, key = _example(agent, interface)

    def learn(state, inp, key):
        _, action, out = agent.step(state, inp, key=key)
        inps, outs, actions = jax.tree.map(lambda x: x[None], (inp, out, action))
        numbers = jnp.zeros(1, jnp.float32)
        return out, agent.auxiliary_losses(inps, outs, actions, numbers, numbers)

    return (1 + BACKWARD) * count(learn, state, inp, key)


def count(function: Callable[..., PyTree], *arguments: PyTree) -> int:
    """FLOPs of the matrix products of a function that depend on its arguments.

    Args:
        function: pure; what it closes over counts as constant.
        arguments: trees of arrays or shapes.

    Returns:
        Multiplications and additions. A branch counts as its costliest case; a loop of unknown
        length as one turn.
    """
    leaves, structure = jax.tree.flatten(arguments)
    closed = jax.make_jaxpr(lambda *flat: function(*jax.tree.unflatten(structure, flat)))(*leaves)
    return _count(closed.jaxpr, [True] * len(leaves))[0]


def _example(agent: AbstractAgent[Any], interface: Interface):
    numbers = np.random.default_rng(0)
    observation = {
        name: jnp.asarray(spec.draw(numbers)) for name, spec in interface.observations.items()
    }
    inp = AgentInput(observation, interface.actions.none(), jnp.float32(0), jnp.ones((), bool))
    return agent.init_state(), inp, jax.random.key(0)


def _count(jaxpr: Jaxpr, depends: Sequence[bool]) -> tuple[int, list[bool]]:
    """The FLOPs of a program, and which of its results depend on the arguments, given which of its
    inputs do.
    """
    live = {variable for variable, does in zip(jaxpr.invars, depends, strict=True) if does}
    total = 0
    for equation in jaxpr.eqns:
        inputs = [not isinstance(atom, Literal) and atom in live for atom in equation.invars]
        if any(inputs):
            flops, outputs = _equation(equation, inputs)
            total += flops
            live |= {
                variable for variable, does in zip(equation.outvars, outputs, strict=True) if does
            }
    return total, [not isinstance(atom, Literal) and atom in live for atom in jaxpr.outvars]


def _equation(equation: Any, inputs: Sequence[bool]) -> tuple[int, list[bool]]:
    name, everything = equation.primitive.name, [True] * len(equation.outvars)
    if name == "dot_general":
        return _product(equation), everything
    if name == "conv_general_dilated":
        return _convolution(equation), everything
    bodies = [
        b
        for p in equation.params.values()
        for b in (p if isinstance(p, tuple) else (p,))
        if _is_program(b)
    ]
    if not bodies:
        return 0, everything
    # A loop's carry may come to depend on anything; elsewhere inputs and results stand for
    # themselves.
    inner = [getattr(body, "jaxpr", body) for body in bodies]
    same = len(inner) == 1 and len(inner[0].invars) == len(inputs) and name not in ("scan", "while")
    counted = [_count(body, inputs if same else [True] * len(body.invars)) for body in inner]
    turns = equation.params.get("length", 1) if name == "scan" else 1
    flops = turns * max(flops for flops, _ in counted)
    return flops, counted[0][1] if same else everything


def _is_program(value: Any) -> bool:
    return isinstance(value, ClosedJaxpr | Jaxpr)


def _product(equation: Any) -> int:
    contracted = equation.params["dimension_numbers"][0][0]
    shape = equation.invars[0].aval.shape
    return 2 * prod(equation.outvars[0].aval.shape) * prod(shape[axis] for axis in contracted)


def _convolution(equation: Any) -> int:
    kernel, numbers = equation.invars[1].aval.shape, equation.params["dimension_numbers"]
    outputs = kernel[numbers.rhs_spec[0]]
    return 2 * prod(equation.outvars[0].aval.shape) * prod(kernel) // outputs
