"""What an agent sees and does, and how two descriptions of it differ."""

from dataclasses import replace

import pytest

from engrax.types import (
    Continuous,
    Discrete,
    ImageSpec,
    Interface,
    MaskSpec,
    MultiDiscrete,
    VectorSpec,
)

OURS = Interface({"vector": VectorSpec(3), "camera": ImageSpec(4, 4)}, Discrete(2))


def test_actions_without_names_are_numbered():
    assert OURS.action_names == ("0", "1")
    assert Interface(OURS.observations, Discrete(2), ("left", "right")).action_names == (
        "left",
        "right",
    )
    assert Interface(OURS.observations, Continuous((0.0,), (1.0,))).action_names == ()


def test_so_many_actions_that_their_names_would_fill_the_memory_have_none():
    assert Interface({"vector": VectorSpec(2)}, Discrete(10**30)).action_names == ()


def test_what_is_known_of_the_task_makes_no_difference():
    theirs = replace(OURS, action_names=("left", "right"), chance=0.5)
    assert OURS.difference(theirs) is None
    assert (
        OURS.difference(Interface(dict(reversed(OURS.observations.items())), Discrete(2))) is None
    )


@pytest.mark.parametrize(
    ("theirs", "difference"),
    [
        (
            replace(OURS, actions=Discrete(3), action_names=()),
            "actions are Discrete(size=3), expected Discrete(size=2)",
        ),
        (
            Interface({**OURS.observations, "vector": VectorSpec(4)}, Discrete(2)),
            "observation 'vector' is VectorSpec(size=4), expected VectorSpec(size=3)",
        ),
        (
            Interface({"vector": VectorSpec(3)}, Discrete(2)),
            "observation 'camera' is missing, expected ImageSpec(height=4, width=4, channels=3)",
        ),
        (
            Interface({**OURS.observations, "more": VectorSpec(1)}, Discrete(2)),
            "observation 'more' is VectorSpec(size=1), expected nothing of that name",
        ),
    ],
)
def test_a_difference_is_named(theirs, difference):
    assert OURS.difference(theirs) == difference


def test_no_observations_are_refused():
    with pytest.raises(ValueError, match="an interface without observations: name at least one"):
        Interface({}, Discrete(2))


def test_a_mask_is_a_part_that_agents_do_not_see():
    interface = Interface(
        {"vector": VectorSpec(3), "possible": MaskSpec((2, 3))}, MultiDiscrete((2, 3))
    )
    assert interface.mask == "possible"
    assert set(interface.seen) == {"vector"}
    assert OURS.mask is None


@pytest.mark.parametrize(
    ("masks", "actions", "message"),
    [
        ([(3,)], Discrete(2), r"a mask has choices \(3,\), .* expected \(2,\)"),
        ([(1,)], Continuous((0.0,), (1.0,)), "a mask has choices .*: leave it out"),
        ([(2,), (2,)], Discrete(2), "2 masks of actions, expected at most one"),
    ],
)
def test_masks_that_do_not_fit_are_refused(masks, actions, message):
    parts = {f"mask {i}": MaskSpec(sizes) for i, sizes in enumerate(masks)}
    with pytest.raises(ValueError, match=message):
        Interface({"vector": VectorSpec(3), **parts}, actions)
