"""Ballet against its specification: drawing, timing, moves, ends, views, and laws."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from engrax.envs.ballet import (
    DANCES,
    LEVELS,
    VOCABULARY,
    Ballet,
    ballet_level,
)
from engrax.envs.ballet.tables import HOMES, PATHS
from engrax.envs.grid import COLOURS, SHAPES, render
from engrax.envs.grid.tables import MOVES
from engrax.types import ImageSpec, SymbolsSpec, TextSpec, tree_where

NAMES = list(MOVES)


@eqx.filter_jit
def turn(env, state, action):
    state = env.advance(state, action, jax.random.key(0))
    return state, env.observe(state)


def play(env, state, actions):
    """The states and steps that follow, without starting over."""
    turns = []
    for action in actions:
        turns.append(turn(env, state, jnp.int32(action)))
        state = turns[-1][0]
    return jax.tree.map(lambda *leaves: np.stack(leaves), *turns)


@eqx.filter_jit
def run(env, keys, actions):
    """Whole streams with restarts: `[streams, time]` of everything, from the reset on."""

    def turn(carry, inputs):
        state, step = carry
        return env.step(state, *inputs), step

    def stream(keys, actions):
        opening = env.reset(keys[0])
        return jax.lax.scan(turn, opening, (actions, keys))[1]

    return jax.vmap(stream)(keys, actions)


@eqx.filter_jit
def draw(env, seed=0):
    return env.draw(jax.random.key(seed))


@eqx.filter_jit
def observe(env, state):
    return env.observe(state)


def inputs(streams, steps, seed=0):
    key, action_key = jax.random.split(jax.random.key(seed))
    keys = jax.random.split(key, (streams, steps))
    return keys, jax.random.randint(action_key, (streams, steps), 0, 8, jnp.int32)


def choosing(env, seed=0):
    """A state at the opening of the choice phase."""
    state = draw(env, jnp.int32(seed))
    return eqx.tree_at(lambda s: s.step, state, jnp.int32(env.choice_step))


def way_home(home):
    """The three equal moves from the centre to a home."""
    row, column = (np.array(HOMES[home]) - 5) // 3
    return [list(MOVES.values()).index((row, column))] * 3


def test_counts_and_vocabulary():
    assert (len(DANCES), len(COLOURS), len(SHAPES), len(HOMES)) == (13, 19, 15, 8)
    assert (
        Ballet().interface.observations["text"]
        == TextSpec(1, ("watch", *DANCES))
        == TextSpec(1, VOCABULARY)
    )


# Drawing


def pick(tree, i):
    return jax.tree.map(lambda x: x[i], tree)


def chi_square(counts):
    return float(((counts - counts.mean()) ** 2 / counts.mean()).sum())


@pytest.mark.parametrize("num_dancers", [1, 2, 8])
def test_casts_are_uniform_without_repetition(num_dancers):
    draw_all = jax.jit(jax.vmap(Ballet(num_dancers).draw))
    cast = draw_all(jax.random.split(jax.random.key(2), 20_000)).cast
    sizes = {"homes": 8, "dances": 13, "colours": 19, "shapes": 15}
    for name, size in sizes.items():
        items = np.asarray(getattr(cast, name))
        assert items.min() == 0
        assert items.max() == size - 1
        assert (np.diff(np.sort(items, axis=1), axis=1) > 0).all()
        for column in items.T:
            assert chi_square(np.bincount(column, minlength=size)) < size + 5 * np.sqrt(2 * size)
    assert chi_square(np.bincount(cast.target, minlength=num_dancers)) <= num_dancers + 5 * np.sqrt(
        2 * num_dancers
    )


def test_a_subset_of_dances_is_drawn_from_that_subset():
    names = ("zee", "circle_cw", "plus_cw")
    draw_all = jax.jit(jax.vmap(Ballet(2, dances=names).draw))
    drawn = np.asarray(draw_all(jax.random.split(jax.random.key(3), 500)).cast.dances)
    assert {list(DANCES)[i] for i in drawn.ravel()} == set(names)
    assert (drawn[:, 0] != drawn[:, 1]).all()


# Timing


@pytest.mark.parametrize(
    ("level", "choice_step"),
    list(zip(LEVELS, [62, 124, 248, 126, 252, 504], strict=True)),
)
def test_choice_time_and_limits(level, choice_step):
    env = ballet_level(level)
    assert env.choice_step == choice_step
    assert env.step_limit == (320 if level.endswith("16") else 1024)
    assert env.interface.chance == 1 / int(level[0])


def test_the_instruction_appears_with_the_choice_phase():
    env = Ballet(2)
    state = draw(env)
    _, steps = play(env, state, np.zeros(62))
    text = np.asarray(steps.observation["text"][:, 0])
    assert observe(env, state).observation["text"][0] == 0
    assert not text[:-1].any()
    assert text[-1] == 1 + state.cast.dances[state.cast.target]
    np.testing.assert_array_equal(steps.effective, np.arange(1, 63) >= 62)


def test_the_first_view_shows_the_first_move_already():
    env = Ballet(1, dances=("left_and_right",))
    state = draw(env)
    row, column = HOMES[int(state.cast.homes[0])]
    kinds = np.asarray(observe(env, state).observation["symbols"][..., 0])
    assert np.argwhere(kinds == 3).tolist() == [[row, column + 1]]


def test_actions_before_the_choice_phase_are_discarded():
    env = Ballet(2)
    state = draw(env)
    states, _ = play(env, state, np.full(63, NAMES.index("N")))
    assert (np.asarray(states.row[:62]) == 5).all()
    assert states.row[62] == 4


# Moves and ends


def test_walls_refuse_a_diagonal_whole():
    env = Ballet(1)
    north, north_east, south = (NAMES.index(name) for name in ("N", "NE", "S"))
    state = choosing(env)
    home = HOMES[int(state.cast.homes[0])]
    column = 4 if home[1] != 4 else 6
    state = eqx.tree_at(lambda s: (s.row, s.column), state, (jnp.int32(1), jnp.int32(column)))
    states, _ = play(env, state, [north, north_east, south])
    assert states.row.tolist() == [1, 1, 2]
    assert states.column.tolist() == [column] * 3


@pytest.mark.parametrize("who", range(8))
def test_reaching_a_dancer_ends_the_episode(who):
    env = Ballet(8)
    state = choosing(env)
    _, steps = play(env, state, way_home(int(state.cast.homes[who])))
    target = float(who == int(state.cast.target))
    assert steps.reward.tolist() == [0, 0, target]
    assert steps.discount.tolist() == [1, 1, 0]
    assert steps.last.tolist() == [False, False, True]
    assert steps.info["success"].tolist() == [False, False, bool(target)]
    assert not steps.effective[2]


def test_a_dancer_hides_the_agent():
    env = Ballet(8)
    state = choosing(env)
    _, steps = play(env, state, way_home(int(state.cast.homes[3])))
    square = steps.observation["symbols"][-1, 5, 5].tolist()
    assert square == [3, 1 + int(state.cast.colours[3]), 1 + int(state.cast.shapes[3])]


def test_time_out_is_a_truncation():
    env = Ballet(2)
    _, steps = play(env, draw(env), np.zeros(320))
    assert np.flatnonzero(steps.last).tolist() == [319]
    assert steps.discount.min() == 1
    assert steps.reward.max() == 0


@pytest.mark.parametrize("max_steps", [1, 30])
def test_time_can_run_out_during_the_dances(max_steps):
    env = Ballet(2, max_steps=max_steps)
    _, steps = play(env, draw(env), np.zeros(max_steps))
    assert np.flatnonzero(steps.last).tolist() == [max_steps - 1]


def test_a_dancer_reached_on_the_last_step_counts():
    env = Ballet(2, max_steps=65)
    state = choosing(env)
    _, steps = play(env, state, way_home(int(state.cast.homes[int(state.cast.target)])))
    assert (steps.reward[-1], steps.discount[-1], steps.last[-1]) == (1, 0, True)


# Laws of every environment


def test_the_action_after_the_last_step_is_ignored():
    env = Ballet(2)
    state = eqx.tree_at(lambda s: s.step, draw(env), jnp.int32(320))
    key = jax.random.key(1)
    step = jax.jit(env.step)
    outcomes = [step(state, jnp.int32(action), key) for action in (0, 5)]
    assert eqx.tree_equal(*outcomes)
    assert eqx.tree_equal(outcomes[0], jax.jit(env.reset)(key))


def test_same_key_same_episode():
    env = Ballet(2)
    one, same, other = (draw(env, jnp.int32(seed)) for seed in (0, 0, 1))
    assert eqx.tree_equal(one, same)
    assert not eqx.tree_equal(one, other)


@pytest.mark.parametrize("view", ["symbols", "pixels"])
def test_vmap_is_a_loop(view):
    env = Ballet(4, max_steps=130, view=view)
    keys = jax.random.split(jax.random.key(0), 6)
    states = jax.jit(jax.vmap(env.draw))(keys)
    states = eqx.tree_at(lambda s: s.step, states, jnp.array([0, 7, 123, 124, 129, 130], jnp.int32))
    actions = jnp.arange(6, dtype=jnp.int32)
    batched = jax.jit(jax.vmap(env.step))(states, actions, keys)
    step = jax.jit(env.step)
    for i in range(6):
        alone = step(pick(states, i), actions[i], keys[i])
        assert eqx.tree_equal(pick(batched, i), alone)


@pytest.mark.slow
def test_nested_vmap_a_scan_and_no_jit():
    env = Ballet(2, view="pixels")
    keys = jax.random.split(jax.random.key(0), (2, 3))
    states = jax.jit(jax.vmap(jax.vmap(env.draw)))(keys)
    flat = jax.vmap(env.observe)(jax.tree.map(lambda x: x.reshape(6, *x.shape[2:]), states))
    nested = jax.jit(jax.vmap(jax.vmap(env.observe)))(states)
    assert eqx.tree_equal(jax.tree.map(lambda x: x.reshape(6, *x.shape[2:]), nested), flat)
    scanned = jax.lax.scan(lambda _, states: (None, jax.vmap(env.observe)(states)), None, states)[1]
    assert eqx.tree_equal(scanned, nested)


def test_vmap_over_a_part_of_the_state():
    env = Ballet(2)
    state = draw(env)
    look = jax.vmap(
        lambda step: env.observe(eqx.tree_at(lambda s: s.step, state, step)).observation["symbols"]
    )
    views = look(jnp.array([0, 62], jnp.int32))
    np.testing.assert_array_equal(views[0], observe(env, state).observation["symbols"])


@pytest.mark.parametrize("view", ["symbols", "pixels"])
def test_an_environment_inside_a_differentiated_function(view):
    env = Ballet(2, view=view)

    keys = jax.random.split(jax.random.key(0), 2)

    def loss(weight):
        _, step = jax.vmap(env.reset)(keys)
        return weight * jnp.mean(step.observation[env.modality].astype(jnp.float32))

    assert jax.jit(jax.grad(loss))(jnp.float32(1)) > 0


@pytest.fixture(scope="module")
def both_views():
    """The same 300 steps of three streams in both views: the environments and what they showed."""
    envs = [Ballet(2, 3, max_steps=80, view=view) for view in ("symbols", "pixels")]
    return [(env, run(env, *inputs(3, 300, seed=1))) for env in envs]


def test_specs_hold_under_random_play(both_views):
    for env, steps in both_views:
        specs, observation = env.interface.observations, steps.observation
        assert set(specs) == set(observation) == {env.modality, "text"}
        for name, spec in specs.items():
            assert observation[name].shape == (3, 300, *spec.shape)
        assert observation[env.modality].dtype == jnp.uint8
        assert observation["text"].dtype == jnp.int32
        assert observation["text"].max() < 14
    assert Ballet().interface.observations["symbols"] == SymbolsSpec(11, 11, (4, 20, 16))
    assert Ballet(view="pixels").interface.observations["image"] == ImageSpec(99, 99, 3)


def test_the_pixels_are_the_symbols_rendered(both_views):
    (_, symbols), (_, pixels) = both_views
    assert symbols.effective.sum() > 100
    assert symbols.info["success"].any()
    rendered = jax.jit(jax.vmap(jax.vmap(render)))(symbols.observation["symbols"])
    np.testing.assert_array_equal(rendered, pixels.observation["image"])


def test_a_step_after_the_last_opens_the_next_episode(both_views):
    for _, steps in both_views:
        first, last = np.asarray(steps.first), np.asarray(steps.last)
        np.testing.assert_array_equal(first[:, 1:], last[:, :-1])
        assert first.sum() > 9
        assert not np.asarray(steps.reward)[first].any()
        assert (np.asarray(steps.discount)[first] == 1).all()
        assert not np.asarray(steps.observation["text"])[first].any()


# What the task measures


@pytest.mark.parametrize(("num_dancers", "expected"), [(2, 0.47), (8, 0.14)])
def test_random_play_is_at_chance(num_dancers, expected):
    env = Ballet(num_dancers)
    step = run_returns(env, *inputs(1500, env.step_limit + 1))
    assert abs(step - expected) < 0.035


@eqx.filter_jit
def run_returns(env, keys, actions):
    """The mean return of one episode a stream."""

    def stream(keys, actions):
        def turn(state, action):
            return tree_where(env.is_last(state), state, env.advance(state, action, keys[0])), None

        return env.observe(jax.lax.scan(turn, env.draw(keys[0]), actions)[0]).reward

    return jnp.mean(jax.vmap(stream)(keys, actions))


def watched(symbols):
    """What a perfect memory keeps of the views: each dancer's path, by colour."""
    paths = {}
    for view in symbols:
        for row, column in np.argwhere(view[..., 0] == 3):
            paths.setdefault(int(view[row, column, 1]), []).append((row, column))
    return {colour: np.array(path) for colour, path in paths.items()}


def danced(path):
    """The dance a path shows, as an index; dancers stand at home before and after it."""
    offsets = path - path[-1]
    for dance, expected in enumerate(PATHS[:, 1:]):
        for start in range(len(offsets) - 15):
            still = not offsets[:start].any() and not offsets[start + 16 :].any()
            if still and (offsets[start : start + 16] == expected).all():
                return dance
    raise AssertionError("no dance")


def test_a_perfect_memory_finds_every_target():
    env = Ballet(2)
    for seed in range(8):
        state = draw(env, jnp.int32(seed))
        opening = observe(env, state).observation["symbols"]
        states, steps = play(env, state, np.zeros(env.choice_step))
        symbols = np.concatenate([opening[None], steps.observation["symbols"]])
        named = int(steps.observation["text"][-1, 0]) - 1
        (place,) = [path[-1] for path in watched(symbols).values() if danced(path) == named]
        _, walk = play(env, pick(states, -1), way_home(HOMES.index(tuple(place.tolist()))))
        assert walk.reward.tolist() == [0, 0, 1]


# Errors


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"num_dancers": 9}, "num_dancers is 9.*1 to 8"),
        ({"num_dancers": 0}, "num_dancers is 0"),
        ({"dance_delay": 0}, "dance_delay is 0.*at least 1"),
        ({"max_steps": 0}, "max_steps is 0.*positive"),
        ({"view": "text"}, "view is 'text'.*symbols.*pixels"),
        ({"dances": ("zee", "waltz")}, r"\['waltz'\].*choose from.*circle_cw"),
        ({"dances": ("zee", "zee")}, "once only"),
        ({"num_dancers": 4, "dances": ("zee", "plus_cw")}, "names 2, but 4 dancers"),
    ],
)
def test_clear_errors(arguments, message):
    with pytest.raises(ValueError, match=message):
        Ballet(**arguments)


def test_levels():
    assert set(LEVELS) == {f"{n}_delay{d}" for n in (2, 4, 8) for d in (16, 48)}
    assert ballet_level("8_delay48", view="pixels") == Ballet(8, 48, view="pixels")
    with pytest.raises(ValueError, match=r"'3_delay16'.*2_delay16"):
        ballet_level("3_delay16")


def test_events_say_whose_dance_a_step_shows():
    """Dancer i makes its moves on steps i(15 + d) to i(15 + d) + 15; then there are d - 1 more."""
    task = Ballet(num_dancers=3, dance_delay=4)
    state = task.draw(jax.random.key(0))
    target = int(state.cast.target)
    shown = []
    for step in range(3 * 19 + 2):
        now = eqx.tree_at(lambda s: s.step, state, jnp.int32(step))
        shown.append(task.events[int(task.event(now))])
    for dancer in range(3):
        dance = "target's dance" if dancer == target else "another's dance"
        assert shown[19 * dancer : 19 * dancer + 16] == [dance] * 16
        assert shown[19 * dancer + 16 : 19 * dancer + 19] == ["pause"] * 3
    assert shown[57:] == ["choice"] * 2
