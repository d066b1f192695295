"""How fast a trainer is, where its time goes, and what share of the machine's arithmetic it
uses.
"""

import time
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Key

from engrax.measuring.flops import acting_flops, learning_flops
from engrax.runtime import Trainer
from engrax.runtime.segments import step_keys
from engrax.runtime.worlds import World

PRODUCT_SIZE = 1536
"""Edge of the square matrices whose product sets the machine's rate."""


class Speed(NamedTuple):
    """What was measured, in one run on one machine.

    Attributes:
        steps_per_second: environment steps of the whole training loop, learner included.
        environment: share of the time in the environment.
        acting: share in the agent's acting.
        learning: share in targets, losses, gradients and the optimiser.
        flops_per_step: what a step needs by definition; see `engrax.measuring.flops`.
        product_flops: those a second in a large matrix product on this machine, in this run, of the
            precision of the trainer's placement.
    """

    steps_per_second: float
    environment: float
    acting: float
    learning: float
    flops_per_step: int
    product_flops: float

    @property
    def utilisation(self) -> float:
        """The share of the machine's matrix-product rate that the definition's arithmetic makes
        up.
        """
        return self.steps_per_second * self.flops_per_step / self.product_flops


def measure(trainer: Trainer, rounds: int) -> Iterator[Speed]:
    """Measures a trainer in rounds of all parts, so that other load affects them equally.

    Args:
        trainer: any; it is not changed.
        rounds: how many, after one that compiles.

    Yields:
        After each round the result so far: for each part the quickest round, since others use the
        machine too.
    """
    parts, steps = _parts(trainer), trainer.environment_steps(1)
    flops = flops_per_step(trainer)
    best = {name: float("inf") for name in parts}
    for run in parts.values():
        jax.block_until_ready(run())
    for _ in range(rounds):
        for name, run in parts.items():
            best[name] = min(best[name], _seconds(run))
        acting = max(best["rollout"] - best["environment"], 0.0)
        learning = max(best["update"] - best["rollout"], 0.0)
        whole = best["environment"] + acting + learning
        shares = (best["environment"] / whole, acting / whole, learning / whole)
        yield Speed(steps / best["update"], *shares, flops, 2 * PRODUCT_SIZE**3 / best["product"])


def flops_per_step(trainer: Trainer) -> int:
    """What a step costs by definition: acting once, learning once an epoch."""
    agent, interface = trainer.agent, trainer.world.interface
    return acting_flops(agent, interface) + trainer.learner.epochs * learning_flops(
        agent, interface
    )


def _parts(trainer: Trainer) -> dict[str, Callable[[], Any]]:
    """Functions that make one run of each part."""
    key, world = jax.random.key(1), trainer.world
    state, carried = trainer.init(), {"state": trainer.init()}
    agent, streams = state.learner.agent, {"streams": state.streams}
    arrays, rest = eqx.partition(agent, eqx.is_array)
    act = lambda arrays, *given: trainer.act(eqx.combine(arrays, rest), *given)  # noqa: E731
    fused = trainer.placement.jit(act)
    product = trainer.placement.jit(lambda a, b: a @ b)
    matrix = jax.random.normal(key, (PRODUCT_SIZE, PRODUCT_SIZE), jnp.float32)

    def update():
        carried["state"], metrics = trainer.update(carried["state"])
        return metrics

    def rollout():
        if world.pure:
            return fused(arrays, streams["streams"], key)
        streams["streams"], *rest = trainer.act(agent, streams["streams"], key)
        return rest

    return {
        "update": update,
        "rollout": rollout,
        "environment": _environment(world, trainer.streams, trainer.segment_length),
        "product": lambda: product(matrix, matrix),
    }


def _environment(world: World, streams: int, length: int) -> Callable[[], Any]:
    """A function that steps all streams with random actions."""
    keys = jax.random.split(jax.random.key(2), streams)
    if world.pure:
        play = jax.jit(lambda keys: _play(world, keys, length))
        return lambda: play(keys)
    opened = {"state": world.open(keys)[0]}
    numbers = np.random.default_rng(0)

    def step_all():
        step = None
        for _ in range(length):
            actions = jnp.asarray(world.interface.actions.draw(numbers, (streams,)))
            opened["state"], step = world.step(opened["state"], actions, keys)
        return step

    return step_all


def _play(world: World, keys: Key[Array, " b"], length: int):
    """Steps all streams of a pure world; every observation is summed up, so that it has to be
    computed.
    """
    sample = jax.vmap(world.interface.actions.sample)
    state, step = world.open(keys)

    def turn(carry, keys: Key[Array, " b"]):
        state, step, total = carry
        for view in step.observation.values():
            total += jnp.sum(view.astype(jnp.float32), axis=tuple(range(1, view.ndim)))
        return (*world.step(state, sample(keys), keys), total + step.reward), None

    turns = step_keys(jax.random.split(jax.random.key(3), keys.shape[0]), length)
    return jax.lax.scan(turn, (state, step, jnp.zeros(keys.shape[0], jnp.float32)), turns)[0][2]


def _seconds(run: Callable[[], Any]) -> float:
    start = time.perf_counter()
    jax.block_until_ready(run())
    return time.perf_counter() - start
