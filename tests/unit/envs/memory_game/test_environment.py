"""The Memory Game against a slow oracle; rules of single flips, deals and views."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from engrax.envs import TASKS, MemoryGame
from engrax.envs.memory_game import glyphs, play_games
from engrax.envs.memory_game.chance import chance
from engrax.testing import check_environment
from engrax.types import ImageSpec, SymbolsSpec

from oracles.memory_game import GRIDS, MemoryGameOracle

STREAMS, EPISODES = 3, 3


@eqx.filter_jit
def play(game, keys, actions):
    """States, and the steps they show, of streams with restarts: `[streams, time]`."""

    def turn(carry, inputs):
        return game.step(carry[0], *inputs), carry

    def stream(keys, actions):
        return jax.lax.scan(turn, game.reset(keys[0]), (actions, keys[1:]))[1]

    return jax.vmap(stream)(keys, actions)


@eqx.filter_jit
def deals(game, keys):
    return jax.vmap(jax.vmap(game.draw))(keys)


def plan(cards, numbers):
    """One stream's oracles, step by step, from the cards of its episodes; and the actions."""
    actions, oracles = [], []
    for episode in cards:
        oracle = MemoryGameOracle(episode)
        oracles.append(snapshot(oracle))
        while not oracle.last:
            actions.append(oracle.choose(numbers))
            oracle.flip(actions[-1])
            oracles.append(snapshot(oracle))
        actions.append(int(numbers.integers(len(episode))))  # given on the last step, and ignored
    return actions, oracles


def snapshot(oracle):
    copy = MemoryGameOracle(oracle.cards)
    vars(copy).update(
        {name: set(v) if isinstance(v, set) else v for name, v in vars(oracle).items()}
    )
    return copy


def members(flags):
    return set(np.flatnonzero(flags).tolist())


QUICK = [
    (1, "symbols", 1),
    (3, "symbols", 1),
    (8, "symbols", 1),
    (3, "pixels", 1),
    (2, "pixels", 2),
]
ALL = [(pairs, view, 1) for view in ("symbols", "pixels") for pairs in GRIDS] + [
    (8, "pixels", 2),
    (3, "pixels", 3),
]


@pytest.mark.parametrize(
    ("pairs", "view", "scale"),
    [*QUICK, *(pytest.param(*game, marks=pytest.mark.slow) for game in ALL if game not in QUICK)],
)
def test_every_step_is_the_oracles(pairs, view, scale):
    game, length = MemoryGame(pairs, view, scale), 3 * pairs + 1
    keys = jax.random.split(jax.random.key(pairs), (STREAMS, 1 + EPISODES * length))
    dealt = np.asarray(deals(game, keys[:, : EPISODES * length : length]).cards)
    plans = [plan(cards, np.random.default_rng(stream)) for stream, cards in enumerate(dealt)]
    actions = jnp.asarray([actions for actions, _ in plans], jnp.int32)
    states, steps = jax.tree.map(np.asarray, play(game, keys, actions))
    for stream, (_, oracles) in enumerate(plans):
        for time, oracle in enumerate(oracles):
            state, step = jax.tree.map(lambda leaf, at=(stream, time): leaf[at], (states, steps))
            same_step(step, oracle, time % length)
            if view == "symbols":
                assert step.observation["symbols"].tolist() == [[[oracle.symbol]]]
            else:
                picture = oracle.draw(glyphs()[state.glyphs], scale)
                np.testing.assert_array_equal(step.observation["image"], picture)
    if pairs > 1:
        assert sum(steps.reward.sum(-1)) > pairs
        assert (states.shown == pairs + 1).any()


def same_step(step, oracle, time):
    assert step.reward == oracle.reward
    assert step.discount == 1 - oracle.last
    assert (step.first, step.last) == (time == 0, oracle.last)
    assert step.info["cards"].tolist() == oracle.cards
    assert members(step.info["seen"]) == oracle.seen
    assert members(step.info["gone"]) == oracle.gone


# Single flips


def flips(cards, actions, view="symbols"):
    """What the flips show and earn, on a table laid by hand."""
    game = MemoryGame(len(cards) // 2, view)
    state = eqx.tree_at(
        lambda s: s.cards, game.draw(jax.random.key(0)), jnp.asarray(cards, jnp.int32)
    )
    steps = []
    for action in actions:
        state = game.advance(state, jnp.int32(action), jax.random.key(1))
        steps.append(game.observe(state))
    return jax.tree.map(lambda *leaves: np.stack(leaves), *steps)


@pytest.mark.parametrize(
    ("actions", "shown", "rewards"),
    [
        pytest.param([0, 3], [1, 1], [0, 1], id="two of a kind in a row"),
        pytest.param([0, 0, 3], [1, 1, 1], [0, 0, 1], id="the same card twice, then its partner"),
        pytest.param([0, 1, 3], [1, 2, 1], [0, 0, 0], id="two of a kind, but not in a row"),
        pytest.param([0, 3, 0, 3], [1, 1, 4, 4], [0, 1, 0, 0], id="cards gone"),
        pytest.param(
            [0, 3, 1, 0, 4], [1, 1, 2, 4, 2], [0, 1, 0, 0, 0], id="a card gone in between"
        ),
        pytest.param(
            [0, 3, 1, 4, 2, 5], [1, 1, 2, 2, 3, 3], [0, 1, 0, 1, 0, 1], id="a perfect game"
        ),
        pytest.param(
            [1, 0, 3, 4], [2, 1, 1, 2], [0, 0, 1, 0], id="after a pair the chain starts again"
        ),
    ],
)
def test_what_flips_show_and_earn(actions, shown, rewards):
    steps = flips([1, 2, 3, 1, 2, 3], actions)
    assert steps.observation["symbols"].ravel().tolist() == shown
    assert steps.reward.tolist() == rewards


def test_an_episode_goes_on_when_all_pairs_are_found():
    steps = flips([1, 2, 3, 1, 2, 3], [0, 3, 1, 4, 2, 5, 0, 0, 0])
    assert steps.info["gone"].all(axis=1).tolist() == [False] * 5 + [True] * 4
    assert steps.last.tolist() == [False] * 8 + [True]
    assert steps.discount.tolist() == [1] * 8 + [0]


def test_a_pair_in_pixels():
    images = flips([1, 2, 1, 2], [0, 2, 1], view="pixels").observation["image"]
    cards = images.reshape(3, 2, 8, 2, 8, 3).swapaxes(2, 3).reshape(3, 4, 8, 8, 3)
    blank = ~cards.any((2, 3, 4))
    assert blank.tolist() == [[False] * 4, [True, False, False, False], [True, False, True, False]]
    glyph = (cards[0, 0] == 255).all(-1)
    assert glyph.any()
    np.testing.assert_array_equal((cards[1, 2] == 255).all(-1), glyph)
    assert not ((cards[2, 1] == 255).all(-1) == glyph).all()


# Deals


def chi_square(counts):
    return float(((counts - counts.mean()) ** 2 / counts.mean()).sum())


@pytest.mark.parametrize("pairs", [1, 3, 8])
def test_deals_are_uniform(pairs):
    draw = jax.jit(jax.vmap(MemoryGame(pairs).draw))
    cards = np.asarray(draw(jax.random.split(jax.random.key(3), 20_000)).cards)
    numbers = np.repeat(np.arange(1, pairs + 1), 2)
    np.testing.assert_array_equal(np.sort(cards, axis=1), np.broadcast_to(numbers, cards.shape))
    for place in cards.T:
        assert chi_square(np.bincount(place, minlength=pairs + 1)[1:]) < pairs + 5 * np.sqrt(
            2 * pairs
        )
    partner = np.argmax(cards[:, 1:] == cards[:, :1], axis=1)
    assert chi_square(np.bincount(partner, minlength=2 * pairs - 1)) < 2 * pairs + 5 * np.sqrt(
        4 * pairs
    )


def test_glyphs_are_distinct_and_drawn_from_all():
    draw = jax.jit(jax.vmap(MemoryGame(8, "pixels").draw))
    drawn = np.asarray(draw(jax.random.split(jax.random.key(4), 20_000)).glyphs)
    assert (np.diff(np.sort(drawn, axis=1), axis=1) > 0).all()
    for place in drawn.T:
        assert chi_square(np.bincount(place, minlength=1024)) < 1023 + 5 * np.sqrt(2 * 1023)


def test_both_views_have_the_same_deal():
    key = jax.random.key(5)
    one, other = (MemoryGame(6, view).draw(key) for view in ("symbols", "pixels"))
    np.testing.assert_array_equal(one.cards, other.cards)
    assert one.glyphs.shape == (0,)


# Views


@pytest.mark.parametrize("pairs", GRIDS)
def test_spaces(pairs):
    rows, columns = GRIDS[pairs]
    game = MemoryGame(pairs, "pixels", 3)
    assert game.interface.observations == {"image": ImageSpec(24 * rows, 24 * columns, 3)}
    assert MemoryGame(pairs).interface.observations == {"symbols": SymbolsSpec(1, 1, (pairs + 2,))}
    assert game.interface.actions.size == len(game.interface.action_names) == 2 * pairs
    assert (game.interface.action_names[0], game.interface.action_names[-1]) == (
        "1,1",
        f"{rows},{columns}",
    )
    known = {
        1: 0.75,
        3: 1.02,
        4: 1.09,
        6: 1.20,
        8: 1.26,
    }  # one pair: by the second flip or the third
    assert game.interface.chance == pytest.approx(
        known.get(pairs, game.interface.chance), abs=0.008
    )


def test_the_papers_size():
    assert MemoryGame(8, "pixels", 2).interface.observations["image"].shape == (64, 64, 3)
    assert TASKS["memory_game"]() == MemoryGame(8, "symbols", 1)


def test_pictures_of_symbols_differ():
    game = MemoryGame(8)
    symbols = jnp.arange(10, dtype=jnp.uint8)[:, None, None, None]
    pictures = np.asarray(jax.vmap(game.picture)({"symbols": symbols}))
    assert pictures.shape == (10, 192, 192, 3)
    assert len({picture.tobytes() for picture in pictures}) == 10
    assert not pictures[9].any()


@pytest.mark.parametrize(
    ("pairs", "scale", "shape"),
    [(3, 1, (128, 192, 3)), (8, 2, (192, 192, 3)), (1, 30, (240, 480, 3))],
)
def test_pictures_of_pixels_are_large_enough(pairs, scale, shape):
    game = MemoryGame(pairs, "pixels", scale)
    image = game.reset(jax.random.key(0))[1].observation["image"]
    picture = game.picture({"image": image})
    assert picture.shape == shape
    times = shape[0] // image.shape[0]
    np.testing.assert_array_equal(picture[times - 1 :: times, ::times], image)


# Laws


@pytest.mark.slow
@pytest.mark.parametrize("view", ["symbols", "pixels"])
@pytest.mark.parametrize("pairs", [1, 3, 8])
def test_the_contract(pairs, view):
    check_environment(MemoryGame(pairs, view), steps=60)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"pairs": 0}, "pairs is 0.*1 to 8.*pass one of these"),
        ({"pairs": 9}, "pairs is 9.*1 to 8"),
        ({"view": "text"}, "view is 'text'.*symbols.*pixels"),
        ({"scale": 0}, "scale is 0.*at least 1"),
    ],
)
def test_clear_errors(arguments, message):
    with pytest.raises(ValueError, match=message):
        MemoryGame(**arguments)


# A smaller game with the actions and symbols of a larger one


def test_a_smaller_game_on_a_larger_table():
    game, same = MemoryGame(3, table=8), MemoryGame(3)
    assert game.interface.observations == MemoryGame(8).interface.observations
    assert game.interface.actions.size == len(game.interface.action_names) == 16
    assert game.num_flips == 9
    assert game.interface.chance < same.interface.chance  # 16 actions fall unevenly on 6 cards
    state = game.draw(jax.random.key(0))
    for action in (1, 13, 7, 4, 4 + 6):
        before, key = state, jax.random.key(1)
        state, expected = (
            game.advance(before, jnp.int32(action), key),
            same.advance(before, jnp.int32(action % 6), key),
        )
        assert state.shown == (9 if expected.shown == 4 else expected.shown)
        assert (state.flipped, state.scored) == (expected.flipped, expected.scored)
        np.testing.assert_array_equal(state.gone, expected.gone)


@pytest.mark.parametrize(("pairs", "table"), [(3, 8), (2, 3), (5, 8), (3, 6)])
def test_chance_is_what_uniform_actions_score(pairs, table):
    """16 actions on 6 cards flip four of them three times in 16, and two of them twice in 16."""
    game = MemoryGame(pairs, table=table)

    def any_action(state, key):
        return jax.random.randint(key, (), 0, game.interface.actions.size)

    games = 40_000
    found = jax.jit(lambda keys: play_games(game, any_action, keys))(
        jax.random.split(jax.random.key(0), games)
    )
    error = 4 * np.std(found) / np.sqrt(games)
    assert abs(np.mean(found) - game.interface.chance) < error
    even = MemoryGame(pairs).interface.chance
    if 2 * table % (2 * pairs):
        assert even - game.interface.chance > 0.002
    else:
        assert even == pytest.approx(game.interface.chance, abs=1e-12)


def test_chance_by_hand():
    """One pair and three actions: card 0 is flipped twice as often as card 1."""
    assert chance(2, 2, 3) == pytest.approx(2 * (2 / 3) * (1 / 3))
    assert chance(2, 3, 3) == pytest.approx(1 - (2 / 3) ** 3 - (1 / 3) ** 3)
    assert chance(2, 3, 2) == pytest.approx(3 / 4)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"pairs": 3, "table": 2}, "table is 2, but must hold the 3 pairs: pass 3 to 8"),
        ({"pairs": 3, "table": 9}, "table is 9"),
        ({"pairs": 3, "table": 4, "view": "pixels"}, "pass None, or view 'symbols'"),
    ],
)
def test_tables_that_cannot_be(arguments, message):
    with pytest.raises(ValueError, match=message):
        MemoryGame(**arguments)
