"""Laws of agents about `first`, auxiliary losses, metrics and gradients."""

from collections.abc import Mapping
from typing import Any

import equinox as eqx
import jax
import numpy as np

from engrax.agents.base import AbstractAgent
from engrax.testing.agent_laws import same_outputs
from engrax.testing.agent_runs import (
    Trajectory,
    Trial,
    auxiliary_streams,
    fresh_carry,
    metric_streams,
    random_trajectory,
    replay_gradients,
    replay_streams,
    try_acting,
    window,
)
from engrax.testing.contract import Settings, expect, expect_close
from engrax.testing.random_inputs import another_action, garbage_like
from engrax.types import Actions, AgentInput, Interface


def check_agent_first_forgets_state(
    agent: AbstractAgent, interface: Interface, settings: Settings
) -> None:
    """Where `first`, nothing before it matters: an earlier episode, or garbage of finite numbers in
    the state.
    """
    steps, law = settings.steps, "first_forgets_state"
    ours, others = (random_trajectory(interface, settings, salt) for salt in (0, 1))
    ours.firsts[:, steps] = True
    trial, other = (
        try_acting(agent, settings, trajectory)
        for trajectory in (ours, _joined(others, ours, steps))
    )
    garbage = garbage_like(trial.states[1], settings.numbers(11))
    later = jax.tree.map(lambda leaf: np.roll(leaf, -steps, axis=1), ours)
    dirty = try_acting(
        agent, settings, later, (garbage, fresh_carry(agent, settings, ours.ignored)[1])
    )
    hint = (
        "Pass `first` to the memory, and reset all else that the agent keeps; select with "
        "jnp.where."
    )
    for name, acted in {
        "another past": window(other.acted, steps, steps),
        "garbage": dirty.outputs(0, steps),
    }.items():
        same_outputs(
            law,
            settings,
            acted,
            trial.outputs(1, steps),
            f"acting from `first` on, after {name}",
            hint,
        )
    for name, states in {"another past": other.states[1], "garbage": garbage}.items():
        _, outs = replay_streams(agent, states, *trial.segment(1, steps))
        same_outputs(
            law,
            settings,
            outs,
            trial.outputs(1, steps),
            f"replayed from `first` on, after {name}",
            hint,
        )
    _check_middle(agent, settings, trial)


def _joined(earlier: Trajectory, later: Trajectory, steps: int) -> Trajectory:
    """The first segment of one trajectory, then the others of another."""
    return jax.tree.map(
        lambda a, b: np.concatenate([a[:, :steps], b[:, steps:]], axis=1), earlier, later
    )


def _check_middle(agent: AbstractAgent, settings: Settings, trial: Trial) -> None:
    """In the middle of a replayed segment, `first` cuts off what was replayed before it."""
    middle = settings.steps // 2
    inputs, actions, keys = trial.segment(0, settings.steps)
    first = inputs.first | (np.arange(settings.steps) == middle)
    inputs = eqx.tree_at(lambda one: one.first, inputs, first)
    past = np.arange(settings.steps) < middle
    other = jax.tree.map(
        lambda leaf: np.concatenate([np.roll(leaf, 1, 0)[:, past], leaf[:, ~past]], 1), inputs
    )
    runs = [
        replay_streams(agent, trial.states[1], one, actions, keys)[1] for one in (inputs, other)
    ]
    got, expected = (_from(run, middle) for run in runs)
    what, hint = (
        f"replayed from `first` at step {middle} on, after another past",
        "Is only a `first` at step 0 obeyed?",
    )
    same_outputs("first_forgets_state", settings, got, expected, what, hint)


def _from(outs: Any, start: int) -> Any:
    return jax.tree.map(lambda leaf: leaf[:, start:], outs)


def check_agent_first_forgets_action_and_reward(
    agent: AbstractAgent, interface: Interface, settings: Settings
) -> None:
    """Where `first`, the previous action and reward do not matter: they belong to another
    episode.
    """
    law, hint = (
        "first_forgets_action_and_reward",
        "Mask both with `first` before they enter the network.",
    )
    trajectory = random_trajectory(interface, settings)
    rewards = trajectory.rewards + 7 * trajectory.firsts.astype(np.float32)
    others = trajectory._replace(
        ignored=another_action(interface.actions, trajectory.ignored), rewards=rewards
    )
    trial, other = (try_acting(agent, settings, one) for one in (trajectory, others))
    same_outputs(law, settings, other.acted, trial.acted, "while acting", hint)
    inputs, actions, keys = trial.segment(1, settings.steps)
    changed = _with_other_past(inputs, interface.actions)
    _, outs = replay_streams(agent, trial.states[1], changed, actions, keys)
    same_outputs(law, settings, outs, trial.outputs(1, settings.steps), "replayed", hint)


def _with_other_past(inputs: AgentInput, actions: Actions) -> AgentInput:
    """The same inputs with another previous action and reward at each `first`."""
    first, action = inputs.first, inputs.previous_action
    there = first.reshape(*first.shape, *(1,) * (action.ndim - first.ndim))
    other = np.where(there, another_action(actions, np.asarray(action)), action)
    reward = inputs.previous_reward + 7 * first.astype(np.float32)
    return eqx.tree_at(
        lambda one: (one.previous_action, one.previous_reward), inputs, (other, reward)
    )


def _returns(settings: Settings) -> np.ndarray:
    return (
        settings.numbers(12).standard_normal((settings.streams, settings.steps)).astype(np.float32)
    )


def check_agent_auxiliary_losses(
    agent: AbstractAgent, interface: Interface, settings: Settings
) -> None:
    """Auxiliary losses are finite, one a transition, and do not see what was before an episode's
    `first` step.
    """
    law, trial = (
        "auxiliary_losses",
        try_acting(agent, settings, random_trajectory(interface, settings)),
    )
    inputs, actions, keys = trial.segment(1, settings.steps)
    _, outs = replay_streams(agent, trial.states[1], inputs, actions, keys)
    rest = (outs, actions, returns := _returns(settings), np.ones_like(returns))
    losses = auxiliary_streams(agent, inputs, *rest)
    others = auxiliary_streams(agent, _with_other_past(inputs, interface.actions), *rest)
    _check_one_a_transition(law, settings, losses)
    for name, loss in losses.items():
        hint = "Reconstructing them must be masked where `first`."
        what = f"`{name}` with another previous action and reward at `first` [stream, step]"
        expect_close(law, others[name], loss, settings.tolerance, what, hint)


def check_agent_metrics(agent: AbstractAgent, interface: Interface, settings: Settings) -> None:
    """Metrics are finite, one a transition, in every segment."""
    trial = try_acting(agent, settings, random_trajectory(interface, settings))
    for index, states in enumerate(trial.states):
        inputs, actions, keys = trial.segment(index, settings.steps)
        _, outs = replay_streams(agent, states, inputs, actions, keys)
        _check_one_a_transition("metrics", settings, metric_streams(agent, inputs, outs, actions))


def _check_one_a_transition(law: str, settings: Settings, named: Mapping[str, Any]) -> None:
    expected = (settings.streams, settings.steps)
    for name, numbers in named.items():
        expect(
            numbers.shape == expected,
            law,
            f"`{name}` has shape {numbers.shape} over streams, expected {expected}.",
        )
        expect(np.isfinite(numbers).all(), law, f"`{name}` is not finite.")


def check_agent_gradients_are_finite(
    agent: AbstractAgent, interface: Interface, settings: Settings
) -> None:
    """Gradients of outputs and auxiliary losses are finite, from no state and from a carried
    one.
    """
    trial = try_acting(agent, settings, random_trajectory(interface, settings))
    for index, states in ((0, None), (1, trial.states[1])):
        grads = replay_gradients(
            agent, states, *trial.segment(index, settings.steps), _returns(settings)
        )
        for place, leaf in jax.tree_util.tree_leaves_with_path(grads):
            where = (
                f"gradient{jax.tree_util.keystr(place)}, from "
                f"{'None' if states is None else 'a carried state'},"
            )
            message = f"{where} is not finite. Roots, norms and divisions need an epsilon inside."
            expect(np.isfinite(leaf).all(), "gradients_are_finite", message)
