"""Spaces are read both ways, and what cannot be read is refused by its path."""

import numpy as np
import pytest
from gymnasium import spaces
from gymnasium.vector.utils import batch_space, concatenate, create_empty_array, iterate

from engrax.errors import ConfigError
from engrax.gym.readings import ObservationOptions
from engrax.gym.spaces import action_space, interface_of, observation_space, translator_of
from engrax.gym.words import PADDING, UNKNOWN
from engrax.types import (
    Continuous,
    Discrete,
    ImageSpec,
    MultiDiscrete,
    SymbolsSpec,
    TextSpec,
    VectorSpec,
)

CHOICE = spaces.Discrete(2)


def grey(*shape, high=255):
    return spaces.Box(0, high, shape, np.uint8)


def read(space, **options):
    return translator_of(space, CHOICE, ObservationOptions(**options))


def spec_of(space, **options):
    (spec,) = read(space, **options).interface.observations.values()
    return spec


# Observations


@pytest.mark.parametrize(
    ("space", "spec"),
    [
        (grey(84, 84, 3), ImageSpec(84, 84, 3)),
        (grey(4, 84, 84), ImageSpec(84, 84, 4)),
        (grey(20, 30), ImageSpec(20, 30, 1)),
        (grey(7, 7, 3), SymbolsSpec(7, 7, (256, 256, 256))),
        (grey(5, 6), SymbolsSpec(5, 6, (256,))),
        (grey(20, 20, 2, high=3), SymbolsSpec(20, 20, (4, 4))),
        (spaces.Box(0, 255, (3, 4, 5), np.int32), VectorSpec(60)),
        (spaces.Box(-1, 1, ()), VectorSpec(1)),
        (grey(6), VectorSpec(6)),
        (spaces.Discrete(5, start=-2), SymbolsSpec(1, 1, (5,))),
        (spaces.Discrete(300), SymbolsSpec(1, 1, (300,))),
        (spaces.MultiDiscrete([3, 4], start=[1, -1]), SymbolsSpec(1, 1, (3, 4))),
        (spaces.MultiDiscrete(np.full((4, 5), 6)), SymbolsSpec(4, 5, (6,))),
        (spaces.MultiDiscrete([[3, 4], [5, 6]]), SymbolsSpec(1, 1, (3, 4, 5, 6))),
        (spaces.MultiDiscrete([[[3, 4], [3, 4]]]), SymbolsSpec(1, 2, (3, 4))),
        (spaces.MultiBinary((2, 3)), VectorSpec(6)),
    ],
)
def test_kinds_of_observation(space, spec):
    translator = read(space)
    assert list(translator.interface.observations.items()) == [(spec.kind, spec)]
    space.seed(0)
    samples = [space.sample() for _ in range(4)]
    each = translator.read_each(samples)[spec.kind]
    assert (each.shape, each.dtype) == ((4, *spec.shape), spec.dtype)
    low, high = spec.bounds
    assert ((each >= low) & (each <= high)).all()
    batched = concatenate(space, samples, create_empty_array(space, 4))
    np.testing.assert_array_equal(translator.read_batch(batched)[spec.kind], each)


def test_values_are_kept():
    box = spaces.Box(-9, 9, (2, 2), np.float64)
    np.testing.assert_array_equal(read(box).read_each([np.eye(2)])["vector"], [[1, 0, 0, 1]])
    start = spaces.MultiDiscrete([3, 4], start=[1, -1])
    found = read(start).read_each([np.array([3, -1]), np.array([1, 2])])["symbols"]
    assert found.tolist() == [[[[2, 0]]], [[[0, 3]]]]
    picture = np.arange(2 * 20 * 30, dtype=np.uint8).reshape(2, 20, 30)
    first = read(grey(2, 20, 30)).read_each([picture])["image"][0]
    np.testing.assert_array_equal(first, np.moveaxis(picture, 0, -1))
    grid = np.arange(40, dtype=np.uint8).reshape(5, 4, 2)
    np.testing.assert_array_equal(read(grey(5, 4, 2)).read_each([grid])["symbols"][0], grid)


def test_what_a_small_picture_is_can_be_set():
    assert spec_of(grey(7, 7, 3), image_as="pixels") == ImageSpec(7, 7, 3)
    assert spec_of(grey(40, 40, 3), image_as="symbols") == SymbolsSpec(40, 40, (256,) * 3)
    assert spec_of(grey(7, 7, 3), symbol_sizes=(11, 6, 4)) == SymbolsSpec(7, 7, (11, 6, 4))
    assert spec_of(grey(7, 7, 3), grid_sizes=(11, 6, 4)) == SymbolsSpec(7, 7, (11, 6, 4))
    assert spec_of(grey(7, 7, 2), grid_sizes=(11, 6, 4)) == SymbolsSpec(7, 7, (256, 256))
    with pytest.raises(ConfigError, match=r"symbol_sizes is \(11, 6\), but .* has 3 channels"):
        read(grey(7, 7, 3), symbol_sizes=(11, 6))


def test_what_was_decided_is_said_in_one_line_each():
    space = spaces.Dict({"far": grey(4, 84, 84), "near": grey(7, 7, 3), "x": spaces.Discrete(2)})
    far, near = read(space).notes
    assert far.startswith("observation 'far': uint8 4 x 84 x 84, channels first, read as a picture")
    assert "read as symbols of 256, 256, 256 values (image_as pixels" in near
    assert "\n" not in far + near


@pytest.mark.parametrize(
    ("space", "value", "message"),
    [
        (
            grey(7, 7, 1),
            np.full((7, 7, 1), 9, np.uint8),
            r"feature 0 is 9, expected 0 to 3.*symbol_sizes",
        ),
        (spaces.Discrete(3, start=1), 0, "feature 0 is -1, expected 0 to 2"),
        (spaces.Discrete(3, start=1), 4, "feature 0 is 3, expected 0 to 2"),
        (spaces.Box(0, 1, (3,)), np.zeros(4), r"shape \(4,\), but the space says \(3,\)"),
    ],
)
def test_an_environment_that_leaves_its_space_is_refused(space, value, message):
    translator = read(space, symbol_sizes=(4,))
    with pytest.raises(
        ConfigError, match=f"observation space .*{message}|observation space:? ?.*{message}"
    ):
        translator.read_each([value])


def nested():
    pair = spaces.Tuple([spaces.Discrete(4), spaces.Box(-1, 1, (2,))])
    return spaces.Dict({"a": spaces.Dict({"b": spaces.MultiBinary(3)}), "pair": pair})


def test_parts_are_named_by_their_paths():
    space = nested()
    translator = read(space)
    assert translator.interface.observations == {
        "a.b": VectorSpec(3),
        "pair.0": SymbolsSpec(1, 1, (4,)),
        "pair.1": VectorSpec(2),
    }
    space.seed(1)
    samples = [space.sample() for _ in range(3)]
    each = translator.read_each(samples)
    np.testing.assert_array_equal(each["a.b"], [sample["a"]["b"] for sample in samples])
    np.testing.assert_array_equal(each["pair.0"][:, 0, 0, 0], [s["pair"][0] for s in samples])
    batched = concatenate(space, samples, create_empty_array(space, 3))
    for name, value in translator.read_batch(batched).items():
        np.testing.assert_array_equal(value, each[name])


def test_texts_are_read_by_the_vocabulary():
    space = spaces.Tuple([spaces.Text(30), spaces.Discrete(2)])
    translator = read(space, words=("to", "go", "door"), text_length=4)
    spec = translator.interface.observations["0"]
    assert spec == TextSpec(4, (PADDING, UNKNOWN, "door", "go", "to"))
    found = translator.read_each([("Go to the DOOR now", 0), ("door", 1)])["0"]
    assert found.tolist() == [[3, 4, 1, 2], [2, 0, 0, 0]]
    batched = translator.read_batch((("Go to the DOOR now", "door"), np.array([0, 1])))
    np.testing.assert_array_equal(batched["0"], found)


@pytest.mark.parametrize(
    ("space", "message"),
    [
        (spaces.Graph(CHOICE, None), "observation space is Graph, expected Box"),
        (
            spaces.Dict({"a": spaces.Tuple([CHOICE, spaces.Sequence(CHOICE)])}),
            "observation space at 'a.1' is Sequence, expected Box.*ObservationWrapper",
        ),
        (spaces.Dict({"a": spaces.Box(0, 1, (0,))}), "observation space at 'a' has no numbers"),
        (spaces.Dict({}), "observation space: it is empty"),
        (
            spaces.Dict({"a": spaces.Dict({"b": CHOICE}), "a.b": CHOICE}),
            "two parts are called 'a.b'",
        ),
    ],
)
def test_observations_that_cannot_be_read(space, message):
    with pytest.raises(ConfigError, match=message):
        read(space)


# Actions


BOX = spaces.Box(np.array([[-1, 0]]), np.array([[1, 5]]), dtype=np.float32)


@pytest.mark.parametrize(
    ("space", "actions"),
    [
        (spaces.Discrete(4), Discrete(4)),
        (spaces.Discrete(4, start=-2), Discrete(4)),
        (spaces.MultiDiscrete([2, 5], start=[3, 0]), MultiDiscrete((2, 5))),
        (spaces.MultiDiscrete([[2, 5]]), MultiDiscrete((2, 5))),
        (spaces.MultiBinary([2, 2]), MultiDiscrete((2, 2, 2, 2))),
        (BOX, Continuous((-1.0, 0.0), (1.0, 5.0))),
        (
            spaces.Dict({"a": spaces.Discrete(3, start=1), "b": spaces.MultiBinary(2)}),
            MultiDiscrete((3, 2, 2)),
        ),
        (
            spaces.Tuple([BOX, spaces.Box(-1, 1, ())]),
            Continuous((-1.0, 0.0, -1.0), (1.0, 5.0, 1.0)),
        ),
    ],
)
def test_kinds_of_action(space, actions):
    translator = translator_of(CHOICE, space)
    assert translator.interface.actions == actions
    drawn = actions.draw(np.random.default_rng(0), (50,))
    each = translator.write_each(drawn)
    assert all(space.contains(action) for action in each), each[0]
    batch = batch_space(space, 50)
    for one, other in zip(each, iterate(batch, translator.write_batch(drawn)), strict=True):
        assert same(one, other)
    assert len({str(action) for action in each}) > 1


def same(one, other):
    if isinstance(one, dict):
        return all(same(one[name], other[name]) for name in one)
    if isinstance(one, tuple):
        return all(map(same, one, other))
    return np.array_equal(one, other)


def test_each_component_goes_where_it_belongs():
    space = spaces.Dict(
        {"a": spaces.Discrete(3, start=1), "b": spaces.Tuple([spaces.MultiBinary(2)])}
    )
    (action,) = translator_of(CHOICE, space).write_each(np.array([[2, 0, 1]], np.int32))
    assert action["a"] == 3
    assert action["b"][0].tolist() == [0, 1]
    (action,) = translator_of(CHOICE, spaces.Discrete(4, start=-2)).write_each(
        np.array([3], np.int32)
    )
    assert (action, type(action)) == (1, np.int64)


@pytest.mark.parametrize(
    ("space", "message"),
    [
        (spaces.Box(-np.inf, 1, (2,)), "action space is Box.*finite bounds.*ActionWrapper"),
        (spaces.Box(1, 1, (2,)), "each low below its high"),
        (
            spaces.Box(0, 5, (2,), np.int64),
            "Box of int64, expected floating point: make it a MultiDiscrete",
        ),
        (spaces.Tuple([CHOICE, spaces.Text(3)]), "action space at '1' is Text.*ActionWrapper"),
        (
            spaces.Dict({"a": CHOICE, "b": BOX}),
            "action space at 'b' is a Box beside discrete choices",
        ),
    ],
)
def test_actions_that_cannot_be_taken(space, message):
    with pytest.raises(ConfigError, match=message):
        translator_of(CHOICE, space)


# Back


def test_from_ours_to_gymnasiums():
    specs = {
        "image": ImageSpec(9, 8, 2),
        "symbols": SymbolsSpec(2, 3, (4, 5)),
        "wide": SymbolsSpec(1, 1, (300,)),
        "text": TextSpec(3, ("a", "b")),
        "vector": VectorSpec(4),
    }
    space = observation_space(specs)
    for name, spec in specs.items():
        assert isinstance(space, spaces.Dict)
        for observation in spec.draw(np.random.default_rng(0), (10,)):
            assert space[name].contains(observation.astype(space[name].dtype))
    assert space["symbols"].high[0, 0].tolist() == [3, 4]
    assert space["wide"].high.item() == 299


@pytest.mark.parametrize(
    "actions", [Discrete(3), MultiDiscrete((2, 3)), Continuous((-1.0,), (2.0,))]
)
def test_actions_from_ours_to_gymnasiums_and_back(actions):
    assert interface_of(CHOICE, action_space(actions)).actions == actions
