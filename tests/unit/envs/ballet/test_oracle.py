"""Ballet against a slow simulator of its specification: every bit of whole episodes."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from engrax.envs.ballet import LEVELS, Ballet, BalletState, Cast, ballet_level
from engrax.envs.ballet.released import released_deal
from engrax.gym.ballet import GymnasiumBallet

from oracles.ballet import Oracle, digest

PUBLISHED = [
    (1, 0, "662741a7f000e817", ["up_and_down orange plus 2 8"], 0),
    (
        2,
        0,
        "568d35f5094a240f",
        ["up_and_down orange plus 2 8", "zee yellow vertical_stripes 5 8"],
        1,
    ),
    (
        8,
        123,
        "a31c970f3e39a71b",
        [
            "plus_cw purple tee 8 2",
            "chevron_up pink circle 5 8",
            "up_and_down brown empty_circle 2 2",
            "plus_ccw blue upside_down_tee 2 8",
            "circle_ccw red h 8 8",
            "diagonal_uldr dark_green u 8 5",
            "diagonal_urdl dark_red triangle 5 2",
            "chevron_down peach inverse_ex 2 5",
        ],
        0,
    ),
]


@pytest.mark.parametrize(("num_dancers", "seed", "expected", "dancers", "target"), PUBLISHED)
def test_first_images_of_the_released_environment(num_dancers, seed, expected, dancers, target):
    oracle = Oracle(num_dancers, 16, np.random.default_rng(seed))
    assert digest(oracle.reset()["image"]) == expected
    assert [
        f"{dance} {colour} {shape} {r} {c}" for (r, c), dance, colour, shape in oracle.dancers
    ] == dancers
    assert oracle.target == target
    env = GymnasiumBallet(num_dancers, view="pixels")
    assert digest(env.reset(seed=seed)[0]["image"]) == expected


def opening(generator, num_dancers):
    target, *dealt = (jnp.asarray(leaf) for leaf in released_deal(generator, num_dancers))
    return BalletState(Cast(target, *dealt), jnp.int32(0), jnp.int32(5), jnp.int32(5))


@eqx.filter_jit
def episodes(env, states, actions):
    """Every step of some episodes in both views, `[time, streams]`, past their ends too."""
    symbols = Ballet(env.num_dancers, env.dance_delay, view="symbols")

    def turn(states, action):
        seen = (
            jax.vmap(env.observe)(states),
            jax.vmap(symbols.observe)(states).observation["symbols"],
        )
        return jax.vmap(env.advance)(states, action, keys), seen

    keys = jax.random.split(jax.random.key(0), actions.shape[1])
    return jax.lax.scan(turn, states, actions)[1]


@pytest.mark.parametrize(
    "level", [pytest.param(n, marks=[pytest.mark.slow] * (n != "2_delay16")) for n in LEVELS]
)
def test_whole_episodes_bit_for_bit(level):
    env = ballet_level(level, view="pixels")
    seeds, steps = (5, 6), env.choice_step + 60
    actions = np.random.default_rng(9).integers(8, size=(steps, len(seeds)))
    states = [opening(np.random.default_rng(seed), env.num_dancers) for seed in seeds]
    batch = jax.tree.map(lambda *leaves: jnp.stack(leaves), *states)
    played, symbols = jax.device_get(episodes(env, batch, jnp.asarray(actions, jnp.int32)))
    vocabulary = env.interface.observations["text"].vocabulary
    for stream, seed in enumerate(seeds):
        oracle = Oracle(env.num_dancers, env.dance_delay, np.random.default_rng(seed))
        expected = oracle.reset()
        for time in range(steps):
            at = (time, stream)
            np.testing.assert_array_equal(played.observation["image"][at], expected["image"])
            np.testing.assert_array_equal(symbols[at], expected["symbols"])
            assert vocabulary[played.observation["text"][at][0]] == expected["instruction"]
            assert played.first[at] == (time == 0)
            for name in ("reward", "discount", "last"):
                assert getattr(played, name)[at] == expected[name]
            if expected["last"]:
                break
            expected = oracle.step(actions[at])
