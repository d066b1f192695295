"""Laws of agents about acting and replaying, states and parameters."""

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from engrax.agents.base import AbstractAgent
from engrax.testing.agent_runs import (
    act_one,
    random_trajectory,
    replay_streams,
    try_acting,
    window,
)
from engrax.testing.contract import (
    Settings,
    expect,
    expect_close,
    expect_same_kind,
    expect_trees_close,
    quick_jit,
)
from engrax.testing.random_inputs import stream
from engrax.types import AgentInput, Interface


def same_outputs(
    law: str, settings: Settings, got: Any, expected: Any, what: str, hint: str
) -> None:
    """Compares policies and values; other outputs of an agent need not be equal."""
    expect_trees_close(
        law,
        got.policy,
        expected.policy,
        settings.tolerance,
        f"policy {what} [stream, step, ...]",
        hint,
    )
    expect_close(
        law, got.value, expected.value, settings.tolerance, f"value {what} [stream, step]", hint
    )


def check_agent_state_is_stable(
    agent: AbstractAgent, interface: Interface, settings: Settings
) -> None:
    """The state's tree, shapes and dtypes never change; actions are as the interface says, values
    scalars.
    """
    law, state, steps = "state_is_stable", agent.init_state(), settings.steps
    inputs, keys = _one_segment(interface, settings)
    now = jax.tree.map(lambda leaf: leaf[0], inputs)
    after, action, out = eqx.filter_eval_shape(lambda: agent.step(state, now, key=keys[0]))
    wanted = interface.actions
    good = action.shape == wanted.shape and action.dtype == wanted.dtype
    expect(
        good,
        law,
        f"`step` returned the action {action}, expected {wanted.dtype}{list(wanted.shape)}.",
    )
    _check_shapes(law, "step", out, (), interface)
    results = {"step": after, "refresh": eqx.filter_eval_shape(agent.refresh, state)}
    for name, begin in {"unroll": state, "unroll of None": None}.items():
        unroll = eqx.filter_eval_shape(
            lambda s=begin: agent.unroll(s, inputs, inputs.previous_action, keys)
        )
        results[name], out = unroll
        _check_shapes(law, name, out, (steps,), interface)
    for name, after in results.items():
        expect_same_kind(law, after, state, f"the state after `{name}` differs from init_state()")


def _one_segment(interface: Interface, settings: Settings) -> tuple[AgentInput, jax.Array]:
    trajectory = window(random_trajectory(interface, settings), 0, settings.steps)
    trajectory = jax.tree.map(jnp.asarray, stream(trajectory, 0))
    inputs = AgentInput(
        trajectory.observations, trajectory.ignored, trajectory.rewards, trajectory.firsts
    )
    return inputs, jax.random.wrap_key_data(trajectory.keys)


def _check_shapes(
    law: str, name: str, out: Any, leading: tuple[int, ...], interface: Interface
) -> None:
    expect(
        out.value.shape == leading,
        law,
        f"`{name}`: the value has shape {out.value.shape}, expected {leading}.",
    )
    for leaf in jax.tree.leaves(out.policy):
        good = leaf.shape[: len(leading)] == leading
        expect(
            good,
            law,
            f"`{name}`: the policy has an array of shape {leaf.shape}, expected {leading} in "
            "front.",
        )
    chosen, actions = eqx.filter_eval_shape(out.policy.mode), interface.actions
    good = chosen.shape == (*leading, *actions.shape) and chosen.dtype == actions.dtype
    expect(
        good,
        law,
        f"`{name}`: the policy's mode is {chosen}, expected "
        f"{actions.dtype}{[*leading, *actions.shape]}.",
    )


def check_agent_actions_are_in_range(
    agent: AbstractAgent, interface: Interface, settings: Settings
) -> None:
    """Actions lie within the interface's bounds, and policies and values are finite."""
    law, acted = (
        "actions_are_in_range",
        try_acting(agent, settings, random_trajectory(interface, settings)).acted,
    )
    low, high = interface.actions.bounds
    within = (acted.actions >= low) & (acted.actions <= high)
    extremes = f"{acted.actions.min()}..{acted.actions.max()}"
    expect(within.all(), law, f"actions lie in {extremes}, expected {low} to {high}.")
    finite = all(np.isfinite(leaf).all() for leaf in (*jax.tree.leaves(acted.policy), acted.value))
    expect(finite, law, "policies or values are not finite while acting on random observations.")


def check_agent_unroll_is_acting(
    agent: AbstractAgent, interface: Interface, settings: Settings
) -> None:
    """`unroll` with the keys and actions of acting gives the acting policies and values, from any
    acting state.
    """
    trial = try_acting(agent, settings, random_trajectory(interface, settings))
    for index, states in enumerate(trial.states):
        _, outs = replay_streams(agent, states, *trial.segment(index, settings.steps))
        what, hint = (
            f"replayed in segment {index}",
            "Are state, keys, actions and every `first` used as in `step`?",
        )
        same_outputs(
            "unroll_is_acting", settings, outs, trial.outputs(index, settings.steps), what, hint
        )


def check_agent_greedy_is_likeliest(
    agent: AbstractAgent, interface: Interface, settings: Settings
) -> None:
    """Where greedy, `step` takes the policy's mode, and that is the action that enters its
    state.
    """
    law = "greedy_is_likeliest"
    trial = try_acting(agent, settings, random_trajectory(interface, settings), greedy=True)
    policy = jax.tree.map(jnp.asarray, trial.acted.policy)
    likeliest, hint = policy.mode(), "Choose with `engrax.agents.base.choose`."
    what = "the actions taken, against the policy's mode [stream, step]"
    expect_close(law, trial.acted.actions, likeliest, settings.tolerance, what, hint)
    for index, states in enumerate(trial.states):
        _, outs = replay_streams(agent, states, *trial.segment(index, settings.steps))
        what, hint = (
            f"replayed in greedy segment {index}",
            "Does the state take in another action than was taken?",
        )
        same_outputs(law, settings, outs, trial.outputs(index, settings.steps), what, hint)


def check_agent_state_crosses_segments(
    agent: AbstractAgent, interface: Interface, settings: Settings
) -> None:
    """The state that `unroll` returns is the one after its inputs and actions: the next segment
    goes on from it.
    """
    trial = try_acting(agent, settings, random_trajectory(interface, settings))
    carried, _ = replay_streams(agent, trial.states[0], *trial.segment(0, settings.steps))
    _, outs = replay_streams(agent, carried, *trial.segment(1, settings.steps))
    hint = (
        "Return the state after all T inputs and actions, not after T-1, and not the one passed in."
    )
    what = "of a segment replayed from the state that the one before returned"
    same_outputs(
        "state_crosses_segments", settings, outs, trial.outputs(1, settings.steps), what, hint
    )


def check_agent_streams_stay_apart(
    agent: AbstractAgent, interface: Interface, settings: Settings
) -> None:
    """Streams side by side under `vmap`, at different steps of their episodes, equal each stream
    alone.
    """
    steps, trial = (
        settings.steps,
        try_acting(agent, settings, random_trajectory(interface, settings)),
    )
    for index in range(settings.streams):
        _, alone = act_one(
            agent, *stream((trial.carries[1], window(trial.trajectory, steps, steps)), index)
        )
        together = stream(window(trial.acted, steps, steps), index)
        what, hint = (
            f"of stream {index}, in company and alone",
            "Does a counter or a scale mix streams?",
        )
        same_outputs("streams_stay_apart", settings, together, alone, what, hint)


def check_agent_none_is_empty(
    agent: AbstractAgent, interface: Interface, settings: Settings
) -> None:
    """`unroll(None, ...)` equals `unroll(init_state(), ...)`: outputs, and the state returned."""
    trial = try_acting(agent, settings, random_trajectory(interface, settings))
    carried, outs = replay_streams(agent, None, *trial.segment(0, settings.steps))
    _, next_outs = replay_streams(agent, carried, *trial.segment(1, settings.steps))
    for index, got in enumerate((outs, next_outs)):
        expected = trial.outputs(index, settings.steps)
        hint = "None is the state before the first step of all."
        same_outputs(
            "none_is_empty", settings, got, expected, f"in segment {index} after unroll(None)", hint
        )


def check_agent_one_trace(agent: AbstractAgent, interface: Interface, settings: Settings) -> None:
    """A compiled `step` is traced once, however often it is called and whatever the numbers are."""
    traces = []

    @quick_jit
    def step(agent: AbstractAgent, state: Any, inp: AgentInput, key: Any) -> Any:
        traces.append(1)
        return agent.step(state, inp, key=key)[0]

    inputs, keys = _one_segment(interface, settings)
    state = agent.init_state()
    for index in range(3):
        state = step(agent, state, *jax.tree.map(lambda leaf, i=index: leaf[i], (inputs, keys)))
    message = (
        f"`step` was traced {len(traces)} times in 3 calls, expected once. Is a dtype or a weak "
        "type unstable?"
    )
    expect(len(traces) == 1, "one_trace", message)


def check_agent_parameter_groups(
    agent: AbstractAgent, interface: Interface, settings: Settings
) -> None:
    """`parameter_groups` labels each parameter."""
    del interface, settings
    law, labels = "parameter_groups", agent.parameter_groups()
    parameters = eqx.filter(agent, eqx.is_inexact_array)
    same = jax.tree.structure(labels) == jax.tree.structure(parameters)
    message = (
        "has another structure than the parameters. Map over eqx.filter(self, "
        "eqx.is_inexact_array)."
    )
    expect(same, law, f"the tree of labels {message}")
    odd = [label for label in jax.tree.leaves(labels) if not isinstance(label, str)]
    expect(not odd, law, f"labels are {odd[:1]}, expected strings.")
