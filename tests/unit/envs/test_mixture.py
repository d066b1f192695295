"""Mixtures: every level is played, each as it is alone."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from engrax.envs import Ballet, MemoryGame, Mixture, Recall, WaterMazes
from engrax.testing import check_environment

LEVELS = (Recall(2), Recall(5))


def test_a_mixture_is_an_environment():
    check_environment(Mixture(LEVELS), steps=200)


def test_each_episode_is_of_one_level_as_it_is_alone():
    mixture = Mixture(LEVELS)
    keys = jax.random.split(jax.random.key(0), 60)
    states, steps = jax.vmap(mixture.reset)(keys)
    levels = np.asarray(steps.info["level"])
    assert 15 < levels.sum() < 45
    advance = stepping(mixture)
    alone, singles = [stepping(level) for level in LEVELS], list(states.states)
    for _ in range(4):
        states, steps = advance(states)
        singles, shown = zip(
            *(step(single) for step, single in zip(alone, singles, strict=True)), strict=True
        )
        for number, theirs in enumerate(shown):
            mine = levels == number
            for name in ("observation", "reward", "last"):
                pairs = zip(
                    jax.tree.leaves(getattr(steps, name)),
                    jax.tree.leaves(getattr(theirs, name)),
                    strict=True,
                )
                for ours, expected in pairs:
                    np.testing.assert_array_equal(
                        np.asarray(ours)[mine], np.asarray(expected)[mine]
                    )
    assert np.asarray(steps.last)[levels == 0].all()
    assert not np.asarray(steps.last)[levels == 1].any()


def stepping(environment):
    return jax.jit(jax.vmap(lambda state: environment.step(state, jnp.int32(1), jax.random.key(1))))


def test_chance_is_that_of_the_levels():
    assert Mixture([Ballet(2), Ballet(4)]).interface.chance == pytest.approx((1 / 2 + 1 / 4) / 2)


@pytest.mark.parametrize(
    "levels", [(), (Recall(2), Recall(2, num_cues=5)), (MemoryGame(2), MemoryGame(3))]
)
def test_what_cannot_be_mixed_is_named(levels):
    with pytest.raises(ValueError, match="mixture"):
        Mixture(levels)


def test_info_has_what_all_levels_have_in_the_same_shape():
    mixture = Mixture((WaterMazes(2), WaterMazes(1)))
    _, shown = mixture.reset(jax.random.key(0))
    alone = mixture.levels[0].reset(jax.random.key(0))[1]
    assert set(alone.info) - set(shown.info) == {"platforms", "known"}
    assert set(shown.info) - set(alone.info) == {"level"}


# A level's episodes follow on one another as they do alone


def following(mixture, cue_before, episodes=60):
    """Whether a player is right who names the cue of the episode before: `[streams, episodes]`.

    Args:
        mixture: of `Recall` without delay.
        cue_before: of the same level (True), or of the episode before, of whatever level.
    """
    count = len(mixture.levels)

    def step(carry, key):
        (state, shown), cues, before = carry
        level = shown.info["level"] if cue_before else 0
        cue = jnp.argmax(shown.observation["vector"][2:]).astype(jnp.int32)
        before = jnp.where(shown.first, cues[level], before)
        cues = jnp.where(shown.first, cues.at[level].set(cue), cues)
        carry = mixture.step(state, before, key), cues, before
        return carry, (shown.last, shown.reward)

    def play(key):
        keys = jax.random.split(key, episodes * 3)
        start = mixture.reset(key), jnp.zeros(count, jnp.int32), jnp.int32(0)
        last, reward = jax.lax.scan(step, start, keys)[1]
        return jnp.where(last, reward, jnp.nan).reshape(episodes, 3)[:, 2]

    return np.asarray(jax.jit(jax.vmap(play))(jax.random.split(jax.random.key(0), 50)))


def late(*cues):
    return Mixture([Recall(0, num_cues=3, cues=cue) for cue in cues])


def test_a_leak_shows_in_a_mixture_as_it_does_alone():
    assert (following(late("late"), True)[:, 1:] == 1).all()
    assert (following(late("contradictory"), True)[:, 1:] == 0).all()


def test_each_level_has_episodes_of_its_own():
    found = following(late("late", "late"), True)[:, 20:]  # by then both levels were played
    assert found.mean() > 0.999
    other = following(late("late", "late"), False)[:, 20:]
    assert abs(other.mean() - (1 / 2 + 1 / 6)) < 0.05


def test_levels_that_are_not_played_stand_still():
    mixture = Mixture(LEVELS)
    state, _ = mixture.reset(jax.random.key(0))
    played = int(state.level)
    after, _ = jax.jit(mixture.step)(state, jnp.int32(0), jax.random.key(1))
    assert [int(one.time) for one in after.states] == [int(played == number) for number in range(2)]


def test_events_are_those_of_the_level_that_is_played():
    both = Mixture((Ballet(dance_delay=2), Ballet(dance_delay=4)))
    assert both.events == Ballet().events
    for key in jax.random.split(jax.random.key(0), 6):
        state = both.draw(key)
        played = both.levels[int(state.level)]
        assert int(both.event(state)) == int(played.event(state.states[int(state.level)]))
    assert Mixture((Recall(), Recall(delay=2))).events == ()
