"""Laws of memories and of agents about `pack`, `unpack` and `refresh`."""

from typing import Any

import jax
import numpy as np

from engrax.agents.base import AbstractAgent
from engrax.memory.base import AbstractMemory
from engrax.runtime.acting import over_states
from engrax.testing import agent_runs, memory_runs
from engrax.testing.agent_laws import same_outputs
from engrax.testing.agent_runs import act_streams, random_trajectory, try_acting, window
from engrax.testing.contract import Settings, expect, expect_close, expect_same_kind, quick_jit
from engrax.testing.memory_gradient_laws import perturbed
from engrax.testing.memory_laws import fresh_states, future, past_states
from engrax.testing.random_inputs import key_words
from engrax.types import Interface

PACK = "pack_undoes_unpack"


def check_memory_refresh_is_identity(memory: AbstractMemory, settings: Settings) -> None:
    """`refresh` under unchanged parameters changes nothing that a step could notice."""
    for name, states in {
        "empty": fresh_states(memory, settings),
        "filled": past_states(memory, settings),
    }.items():
        after = future(memory, memory_runs.refresh_streams(memory, states), settings)
        what, hint = (
            f"output after refresh of a {name} state",
            "Recompute exactly as `step` and `unroll` computed.",
        )
        expect_close(
            "refresh_is_identity",
            after,
            future(memory, states, settings),
            settings.tolerance,
            what,
            hint,
        )


def check_agent_refresh_is_identity(
    agent: AbstractAgent, interface: Interface, settings: Settings
) -> None:
    """`refresh` under unchanged parameters changes nothing that a step could notice."""
    trial = try_acting(agent, settings, random_trajectory(interface, settings))
    for index, (states, previous) in enumerate(trial.carries):
        carry = (agent_runs.refresh_streams(agent, states), previous)
        _, acted = act_streams(
            agent,
            carry,
            window(trial.trajectory, index * settings.steps, settings.steps),
            np.False_,
        )
        expected = window(trial.acted, index * settings.steps, settings.steps)
        what, hint = (
            f"after refresh, in segment {index}",
            "Recompute exactly as `step` and `unroll` computed.",
        )
        same_outputs("refresh_is_identity", settings, acted, expected, what, hint)


def check_memory_pack_undoes_unpack(memory: AbstractMemory, settings: Settings) -> None:
    """Packing what was unpacked gives the packed part again, to the last bit, also where the
    parameters have changed in between.
    """
    _check(memory, past_states(memory, settings), settings)


def check_agent_pack_undoes_unpack(
    agent: AbstractAgent, interface: Interface, settings: Settings
) -> None:
    """The same as of a memory."""
    trial = try_acting(agent, settings, random_trajectory(interface, settings))
    _check(agent, trial.carries[1][0], settings)


def _check(owner: AbstractMemory | AbstractAgent, states: Any, settings: Settings) -> None:
    changed = perturbed(owner, settings.numbers(salt=11), 0.1)
    packed, state, again = _packed_twice(owner, changed, states)
    expect_same_kind(PACK, again, packed, "what is packed after `unpack` differs from before")
    expect_same_kind(PACK, state, states, "the state after `unpack` differs from that of `step`")
    pairs = zip(*(jax.tree.leaves(key_words(tree)) for tree in (packed, again)), strict=True)
    for index, (before, after) in enumerate(pairs):
        same = np.asarray(before).tobytes() == np.asarray(after).tobytes()
        message = (
            f"leaf {index} of the packed part changes in `pack(unpack(packed))` with other "
            "parameters. Pack only what does not depend on them."
        )
        expect(same, PACK, message)


@quick_jit
def _packed_twice(
    owner: AbstractMemory | AbstractAgent, changed: AbstractMemory | AbstractAgent, states: Any
) -> tuple[Any, Any, Any]:
    packed = over_states(owner.pack, states)
    state = over_states(changed.unpack, packed)
    return packed, state, over_states(changed.pack, state)
