"""How fast a trainer is, where its time goes, and what share of the machine's arithmetic it uses."""

import time
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Key

from engrax.envs.base import AbstractEnvironment
from engrax.measuring.flops import acting_flops, learning_flops
from engrax.runtime import Trainer

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
        product_flops: those a second in a large float32 matrix product on this machine, in this run.
    """

    steps_per_second: float
    environment: float
    acting: float
    learning: float
    flops_per_step: int
    product_flops: float

    @property
    def utilisation(self) -> float:
        """The share of the machine's matrix-product rate that the definition's arithmetic makes up."""
        return self.steps_per_second * self.flops_per_step / self.product_flops


def measure(trainer: Trainer, rounds: int) -> Iterator[Speed]:
    """Measures a trainer in rounds, all parts in each, so that a busy moment strikes them alike.

    Args:
        trainer: any; it is not changed.
        rounds: how many, after one that compiles.

    Yields:
        After each round the result so far: for each part the quickest round, since others use the machine too.
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
    agent, environment = trainer.agent, trainer.environment
    return acting_flops(agent, environment) + trainer.learner.epochs * learning_flops(agent, environment)


def _parts(trainer: Trainer) -> dict[str, Callable[[], Any]]:
    """Functions that make one run of each part."""
    state, key = trainer.init(), jax.random.key(1)
    carried: dict[str, Any] = {"state": trainer.init()}
    rollout = jax.jit(trainer.act)
    play = jax.jit(lambda key: _play(trainer.environment, key, trainer.streams, trainer.segment_length))
    product = jax.jit(lambda a, b: a @ b)
    matrix = jax.random.normal(key, (PRODUCT_SIZE, PRODUCT_SIZE))

    def update():
        carried["state"], metrics = trainer.update(carried["state"])
        return metrics

    return {
        "update": update,
        "rollout": lambda: rollout(state.agent, state.actors, key),
        "environment": lambda: play(key),
        "product": lambda: product(matrix, matrix),
    }


def _play(environment: AbstractEnvironment[Any], key: Key[Array, ""], streams: int, length: int):
    """Steps all streams with random actions; every observation is summed up, so that it has to be there."""

    def one(key: Key[Array, ""]):
        state, step = environment.reset(key)

        def turn(carry, key):
            state, step, total = carry
            action = jax.random.randint(key, (), 0, environment.num_actions)
            total += sum(jnp.sum(view.astype(jnp.float32)) for view in step.observation.values())
            return (*environment.step(state, action, key), total + step.reward), None

        return jax.lax.scan(turn, (state, step, jnp.zeros(())), jax.random.split(key, length))[0][2]

    return jax.vmap(one)(jax.random.split(key, streams))


def _seconds(run: Callable[[], Any]) -> float:
    start = time.perf_counter()
    jax.block_until_ready(run())
    return time.perf_counter() - start
