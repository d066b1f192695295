"""Each law fails where it should: a mistake planted in a correct one is caught, by name."""

import jax
import pytest

from engrax.memory import NoMemory, NoMemorySizes
from engrax.testing import (
    AGENT_LAWS,
    ENVIRONMENT_LAWS,
    MEMORY_LAWS,
    ContractError,
    Settings,
    check_agent,
    check_environment,
    check_memory,
    random_observations,
)
from engrax.testing.contract import run_laws

from .reference_agents import INTERFACE, Tracer
from .reference_environments import Walk
from .reference_memories import WITH_LEAVES_THAT_ARE_NO_ARRAYS, Ring

MEMORY_BUGS = {
    "dtype changes": "state_is_stable",
    "weak type": "one_trace",
    "first ignored": "first_forgets",
    "stale counter": "first_forgets",
    "mask too weak": "first_forgets",
    "what is not finite stays": "first_forgets_what_is_not_finite",
    "unroll ignores the state": "unroll_is_scan",
    "unroll resets at index 0 only": "unroll_is_scan",
    "unroll drops the last step": "pieces_make_the_whole",
    "streams share a counter": "streams_stay_apart",
    "None is not empty": "none_is_empty",
    "epsilon outside of the root": "gradients_are_finite",
    "unroll stops gradients": "gradients_agree",
    "recurrence detached": "gradients_reach_back",
    "gradient leaks": "first_cuts_gradients",
    "overflow behind where": "first_cuts_gradients",
    "refresh changes numbers": "refresh_is_identity",
    "refresh adds up": "refresh_follows_parameters",
    "refresh stops gradients": "refresh_follows_parameters",
    "recall of earlier episodes": "recall_is_of_this_episode",
    "readers without weights": "recall_is_of_this_episode",
    "losses of steps only": "state_is_stable",
    "keys shifted": "unroll_is_scan",
    "pack keeps what unpack changes": "pack_undoes_unpack",
}

AGENT_BUGS = {
    "action out of range": "actions_are_in_range",
    "mask ignored": "masked_actions_are_not_taken",
    "keys shifted": "unroll_is_acting",
    "unroll forgets the state": "unroll_is_acting",
    "greedy ignored": "greedy_is_likeliest",
    "another action in the state": "greedy_is_likeliest",
    "last action forgotten": "state_crosses_segments",
    "state before the segment": "state_crosses_segments",
    "state leaks": "first_forgets_state",
    "previous action leaks": "first_forgets_action_and_reward",
    "previous reward leaks": "first_forgets_action_and_reward",
    "refresh changes numbers": "refresh_is_identity",
    "pack keeps half": "pack_undoes_unpack",
    "loss not masked": "auxiliary_losses",
    "metrics of T-1 steps": "metrics",
    "groups not like parameters": "parameter_groups",
}

ENVIRONMENT_BUGS = {
    "info appears later": "shapes_are_stable",
    "word beyond the vocabulary": "specs_hold",
    "symbols beyond their sizes": "specs_hold",
    "text of another dtype": "specs_hold",
    "vector not finite": "specs_hold",
    "endless": "episodes_follow_protocol",
    "reward at first": "episodes_follow_protocol",
    "true end in the middle": "episodes_follow_protocol",
    "first comes late": "episodes_follow_protocol",
    "last takes an action": "last_ignores_action",
    "streams mixed": "streams_stay_apart",
}

SETTINGS = Settings(jax.random.key(0), steps=24)


@pytest.mark.slow
def test_a_correct_memory_passes():
    check_memory(Ring(key=jax.random.key(1)), 3, steps=24)


@pytest.mark.slow
@pytest.mark.parametrize("leaves", WITH_LEAVES_THAT_ARE_NO_ARRAYS)
def test_a_memory_with_leaves_that_are_no_arrays_passes(leaves):
    make = WITH_LEAVES_THAT_ARE_NO_ARRAYS[leaves]
    check_memory(make(3, key=jax.random.key(1)), 3, steps=24)


def test_a_control_is_left_out_of_the_law_about_gradients():
    class Claims(NoMemory):
        carries_gradient = True

    law = MEMORY_LAWS["gradients_reach_back"]
    law(NoMemory(3, NoMemorySizes.tiny(), key=jax.random.key(0)), SETTINGS)
    with pytest.raises(ContractError, match="law `gradients_reach_back` is broken"):
        law(Claims(3, NoMemorySizes.tiny(), key=jax.random.key(0)), SETTINGS)


@pytest.mark.slow
def test_a_correct_agent_passes():
    check_agent(Tracer(key=jax.random.key(1)), INTERFACE, steps=12)


def test_a_correct_environment_passes():
    check_environment(Walk(), steps=40)


@pytest.mark.parametrize(("laws", "bugs"), [(MEMORY_LAWS, MEMORY_BUGS), (AGENT_LAWS, AGENT_BUGS)])
def test_nearly_every_law_is_seen_to_fail(laws, bugs):
    untested = set(laws) - set(bugs.values())
    assert untested <= {
        "state_is_stable",
        "save_and_load",
        "one_trace",
        "gradients_are_finite",
        "none_is_empty",
        "streams_stay_apart",
    }


@pytest.mark.parametrize(("bug", "law"), MEMORY_BUGS.items())
def test_a_memory_is_caught(bug, law):
    with pytest.raises(ContractError, match=f"law `{law}` is broken") as caught:
        MEMORY_LAWS[law](Ring(bug=bug, key=jax.random.key(1)), SETTINGS)
    assert caught.value.laws == (law,)


@pytest.mark.parametrize(("bug", "law"), AGENT_BUGS.items())
def test_an_agent_is_caught(bug, law):
    with pytest.raises(ContractError, match=f"law `{law}` is broken"):
        AGENT_LAWS[law](Tracer(bug=bug, key=jax.random.key(1)), INTERFACE, SETTINGS)


@pytest.mark.parametrize(("bug", "law"), ENVIRONMENT_BUGS.items())
def test_an_environment_is_caught(bug, law):
    with pytest.raises(ContractError, match=f"law `{law}` is broken"):
        ENVIRONMENT_LAWS[law](Walk(bug=bug), SETTINGS)


def test_all_broken_laws_are_reported():
    laws = {
        name: MEMORY_LAWS[name]
        for name in ("state_is_stable", "none_is_empty", "first_forgets", "one_trace")
    }
    memory = Ring(bug="first ignored, None is not empty", key=jax.random.key(1))
    with pytest.raises(ContractError, match="Ring breaks 2 of 4 laws") as caught:
        run_laws("Ring", laws, memory, SETTINGS)
    assert caught.value.laws == ("none_is_empty", "first_forgets")


def test_nothing_else_is_tried_on_an_unstable_state():
    with pytest.raises(ContractError) as caught:
        check_memory(Ring(bug="dtype changes", key=jax.random.key(1)))
    assert caught.value.laws == ("state_is_stable",)


def test_an_input_size_that_is_not_the_memory_s_own():
    with pytest.raises(ContractError, match="input_size is 3, expected 5"):
        check_memory(Ring(key=jax.random.key(1)), 5)


def test_errors_that_are_not_about_laws_say_where():
    memory = Ring(key=jax.random.key(1))
    object.__setattr__(memory, "capacity", "six")
    with pytest.raises(TypeError) as caught:
        check_memory(memory)
    assert any("check_memory_state_is_stable" in note for note in caught.value.__notes__)


@pytest.mark.parametrize("wrong", [{"steps": 4}, {"streams": 2}])
def test_settings_too_small_to_say_anything(wrong):
    with pytest.raises(ValueError, match="need at least"):
        Settings(jax.random.key(0), **wrong)


def test_random_observations_satisfy_their_spec():
    spec = Walk().interface.observations
    drawn = random_observations(spec, jax.random.key(2), (50, 3))
    assert {name: array.shape for name, array in drawn.items()} == {
        n: (50, 3, *s.shape) for n, s in spec.items()
    }
    assert drawn["symbols"][..., 0].max() == 4
    assert drawn["symbols"][..., 1].max() == 6
    assert drawn["text"].max() == 4
    assert drawn["image"].max() > 200
    assert drawn["vector"].std() == pytest.approx(1, abs=0.1)
