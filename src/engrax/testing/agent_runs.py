"""Compiled runs of an agent over streams, shared by the laws so that few programs are compiled."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, PyTree

from engrax.agents.base import AbstractAgent
from engrax.runtime.acting import over_states
from engrax.testing.contract import Settings, quick_jit
from engrax.testing.random_inputs import (
    broadcast_state,
    on_host,
    random_key_data,
    random_observations,
)
from engrax.types import AgentInput, AgentOutput, Interface


class Trajectory(NamedTuple):
    """Random time steps, independent of the actions: `[streams, steps]` each.

    Attributes:
        observations: one array a modality.
        rewards: of the step before, at `first` too, where agents must ignore them.
        firsts: where episodes begin.
        ignored: the previous action to be given at `first`, where agents must ignore it.
        keys: the words of the keys for the agent's steps.
    """

    observations: Mapping[str, Any]
    rewards: Any
    firsts: Any
    ignored: Any
    keys: Any


class Acted(NamedTuple):
    """What an agent did: its inputs, and its actions, policies and values; `[streams, steps]`
    each.
    """

    inputs: AgentInput
    actions: Any
    policy: Any
    value: Any


def random_trajectory(interface: Interface, settings: Settings, salt: int = 0) -> Trajectory:
    """Three segments of random observations, with short and long episodes that begin in some
    streams, not in all.
    """
    shape, numbers = (settings.streams, 3 * settings.steps), settings.numbers(100 + salt)
    firsts = numbers.random(shape) < 0.15
    firsts[0] = False
    firsts[1] = np.arange(shape[1]) % settings.steps == 0  # at the joints of segments
    return Trajectory(
        on_host(
            random_observations(
                interface.observations, jax.random.fold_in(settings.key, salt), shape
            )
        ),
        numbers.standard_normal(shape).astype(np.float32),
        firsts,
        interface.actions.draw(numbers, shape),
        random_key_data(settings, shape, 200 + salt),
    )


class Trial(NamedTuple):
    """Two segments of acting: what was done, and the state and previous action before each of the
    two.
    """

    trajectory: Trajectory
    acted: Acted
    carries: tuple[Any, Any]

    @property
    def states(self) -> tuple[Any, Any]:
        """The states before the first and the second segment."""
        return self.carries[0][0], self.carries[1][0]

    def segment(self, index: int, steps: int) -> tuple[AgentInput, Any, Any]:
        """The inputs, actions and keys of a segment, as `unroll` takes them."""
        parts = self.acted.inputs, self.acted.actions, self.trajectory.keys
        return window(parts, index * steps, steps)

    def outputs(self, index: int, steps: int) -> Acted:
        """The acting outputs of a segment."""
        return window(self.acted, index * steps, steps)


def window(tree: PyTree, start: int, length: int) -> Any:
    """Steps start .. start+length-1 of every stream."""
    return jax.tree.map(lambda leaf: leaf[:, start : start + length], tree)


def _act(
    agent: AbstractAgent, carry: Any, trajectory: Trajectory, greedy: Any
) -> tuple[Any, Acted]:
    def step(carry: Any, now: Trajectory) -> tuple[Any, Acted]:
        state, previous = carry
        previous = jnp.where(now.firsts, now.ignored, previous)
        inputs = AgentInput(now.observations, previous, now.rewards, now.firsts)
        state, action, output = agent.step(
            state, inputs, key=jax.random.wrap_key_data(now.keys), greedy=greedy
        )
        return (state, action.astype(now.ignored.dtype)), Acted(
            inputs, action, output.policy, output.value
        )

    return jax.lax.scan(step, carry, trajectory)


@quick_jit
def act_one(agent: AbstractAgent, carry: Any, trajectory: Trajectory) -> tuple[Any, Acted]:
    """One stream on its own: the state and previous action, after and before; and what was done."""
    return _act(agent, carry, trajectory, False)


@quick_jit
def act_streams(
    agent: AbstractAgent, carry: Any, trajectory: Trajectory, greedy: Any
) -> tuple[Any, Acted]:
    """Streams side by side under `vmap`; `greedy` is an array, so that one program does for both
    kinds.
    """
    return jax.vmap(lambda carry, trajectory: _act(agent, carry, trajectory, greedy))(
        carry, trajectory
    )


def fresh_carry(agent: AbstractAgent, settings: Settings, ignored: np.ndarray) -> Any:
    """Each stream's state before its first step, and a previous action as in `ignored`."""
    return broadcast_state(agent.init_state(), settings.streams), np.zeros_like(ignored[:, 0])


def try_acting(
    agent: AbstractAgent,
    settings: Settings,
    trajectory: Trajectory,
    carry: Any = None,
    greedy: bool = False,
) -> Trial:
    """Acts on a trajectory of three segments, so that the second one has a closing step too."""
    carry = fresh_carry(agent, settings, trajectory.ignored) if carry is None else carry
    acted, carries = [], []
    for index in range(3):
        carries.append(carry)
        part = window(trajectory, index * settings.steps, settings.steps)
        carry, piece = on_host(act_streams(agent, carry, part, np.bool_(greedy)))
        acted.append(piece)
    joined = jax.tree.map(lambda *leaves: np.concatenate(leaves, axis=1), *acted)
    return Trial(trajectory, joined, (carries[0], carries[1]))


@quick_jit
def replay_streams(
    agent: AbstractAgent, states: Any, inputs: Any, actions: Any, keys: Any
) -> tuple[Any, AgentOutput]:
    """`unroll` of a segment of each stream."""
    return jax.vmap(agent.unroll)(states, inputs, actions, jax.random.wrap_key_data(keys))


@quick_jit
def refresh_streams(agent: AbstractAgent, states: Any) -> Any:
    """`refresh` of each stream's state."""
    return over_states(agent.refresh, states)


@quick_jit
def auxiliary_streams(agent: AbstractAgent, *arguments: Any) -> Mapping[str, Array]:
    """The named losses of each stream."""
    return jax.vmap(agent.auxiliary_losses)(*arguments)


@quick_jit
def metric_streams(agent: AbstractAgent, *arguments: Any) -> Mapping[str, Array]:
    """The named metrics of each stream."""
    return jax.vmap(agent.metrics)(*arguments)


@quick_jit
def replay_gradients(
    agent: AbstractAgent, states: Any, inputs: Any, actions: Any, keys: Any, returns: Any
) -> PyTree:
    """The parameters' gradient of a loss in which every output and auxiliary loss takes part."""

    def loss(agent: AbstractAgent) -> Array:
        _, outs = jax.vmap(agent.unroll)(states, inputs, actions, jax.random.wrap_key_data(keys))
        losses = jax.vmap(agent.auxiliary_losses)(
            inputs, outs, actions, returns, jnp.ones_like(returns)
        )
        own = sum(jnp.sum(leaf + leaf**2) for leaf in (*jax.tree.leaves(outs.policy), outs.value))
        return own + sum((jnp.sum(leaf) for leaf in losses.values()), jnp.zeros(()))

    return eqx.filter_grad(loss)(agent)
