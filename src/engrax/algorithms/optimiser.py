"""Optimisers: Adam with clipped gradients, one per parameter group."""

from collections.abc import Callable

import equinox as eqx
import jax
import optax
from jaxtyping import Array, Float, PyTree

from engrax.agents.base import AbstractAgent
from engrax.types import Number


def make_optimiser(
    agent: AbstractAgent,
    max_gradient_norm: Number,
    epsilon: Number,
) -> optax.GradientTransformation:
    """Clips the global norm, then Adam, for each of the agent's parameter groups. The numbers may
    be traced.
    """
    labels: PyTree[str] = agent.parameter_groups()

    def adam() -> optax.GradientTransformation:
        return optax.chain(
            optax.clip_by_global_norm(max_gradient_norm),  # pyright: ignore[reportArgumentType]
            optax.scale_by_adam(eps=epsilon),
        )

    groups = sorted(set(jax.tree.leaves(labels)))
    return (
        adam()
        if len(groups) == 1
        else optax.multi_transform({group: adam() for group in groups}, labels)
    )


def apply_gradient(
    optimiser: optax.GradientTransformation,
    agent: AbstractAgent,
    state: PyTree,
    gradient: PyTree,
    rate: Callable[[str], Float[Array, ""]],
) -> tuple[AbstractAgent, PyTree]:
    """One step of the optimiser, at each group's learning rate: the agent and the optimiser's state
    after it.
    """
    with jax.numpy_dtype_promotion("standard"):  # optax raises floats to integer powers
        directions, state = optimiser.update(
            gradient, state, eqx.filter(agent, eqx.is_inexact_array)
        )
    steps = jax.tree.map(
        lambda group, direction: -rate(group) * direction, agent.parameter_groups(), directions
    )
    return eqx.apply_updates(agent, steps), state
