"""What a comparison compares, and the combinations of a sweep."""

import math

import pytest

from engrax.errors import ConfigError, UserError
from engrax.experiments.presets import PRESETS
from engrax.runs.directory import RunDirectory
from engrax.runs.entrants import drawn, entrant, file_name, grid, told_apart


def make_run(path, **settings):
    RunDirectory.create(path, entrant("debug", settings).experiment, preset="debug", command=[])
    return str(path)


def test_a_preset_with_settings_of_its_own_before_those_of_all():
    one = entrant("debug --memory.width 16 --seed=3", {"memory.width": "8", "streams": "4"})
    assert one.name == "debug memory.width=16 seed=3"
    experiment = one.experiment
    assert (experiment.agent.memory.width, experiment.seed, experiment.streams) == (16, 3, 4)
    assert entrant("debug", {}) == ("debug", PRESETS["debug"], None)


def test_a_run_that_is_trained(tmp_path):
    path = make_run(tmp_path / "hcam-7", streams="16")
    one = entrant(path, {"streams": "8"})
    assert one.name == "hcam"
    assert one.experiment.streams == 16
    assert one.trained.path == tmp_path / "hcam-7"


def test_runs_of_one_name_are_one_agent_if_their_settings_are_the_same(tmp_path):
    same = [
        make_run(tmp_path / f"same-{seed}", seed=str(seed), updates=str(seed + 4))
        for seed in (0, 1)
    ]
    mixed = [make_run(tmp_path / f"mixed-{n}", streams=str(n)) for n in (4, 8)]
    found = told_apart([entrant(path, {}) for path in (*same, *mixed)])
    assert [one.name for one in found] == ["same", "same", *mixed]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("debug lstm", r"'debug lstm': expected a preset and its settings in quotes, such as"),
        ("--memory.width 8", "expected a preset and its settings in quotes"),
        ("debug '", "No closing quotation: close the quotes"),
        ("debugg", "unknown preset 'debugg'; did you mean debug"),
        ("debug --width 8", "unknown setting '--width'"),
    ],
)
def test_what_cannot_be_compared(text, message):
    with pytest.raises(UserError, match=message):
        entrant(text, {})


def test_a_trained_run_takes_no_settings(tmp_path):
    path = make_run(tmp_path / "run")
    with pytest.raises(UserError, match="is trained already: it can have no settings"):
        entrant(f"{path} --memory.width 8", {})


def test_names_of_directories():
    name = "gymnasium:a/B-v0 learner.discount=0.9"
    assert file_name(name) == "gymnasium_a_B-v0_learner.discount=0.9"


def test_a_grid_has_every_combination():
    texts = grid("debug --seed 1", ["memory.width=8,16", "--learner.discount=0.9,1"])
    names = [entrant(text, {}).name for text in texts]
    assert names == [
        f"debug seed=1 memory.width={width} learner.discount={discount}"
        for width in (8, 16)
        for discount in (0.9, 1)
    ]


def test_values_are_drawn_from_lists_and_ranges():
    over = ["learner.learning_rate=1e-4..1e-2", "updates=8..16", "learner.discount=0.9,0.99"]
    texts = drawn("debug", over, 60, seed=0)
    assert texts == drawn("debug", over, 60, seed=0)
    assert texts != drawn("debug", over, 60, seed=1)
    chosen = [entrant(text, {}).experiment for text in texts]
    rates = [math.log10(one.learner.learning_rate) for one in chosen]
    assert all(-4 <= rate <= -2 for rate in rates)
    assert 20 < sum(rate < -3 for rate in rates) < 40  # evenly in the logarithm
    assert {one.updates for one in chosen} == set(range(8, 17))
    assert {one.learner.discount for one in chosen} == {0.9, 0.99}


@pytest.mark.parametrize(
    ("over", "message"),
    [
        ("memory.width", r"--over 'memory.width': expected a setting and its values"),
        ("memory.width=", "expected a setting and its values"),
        ("memory.width=16..8", "memory.width=16..8: expected a range of two numbers, the lower"),
        ("memory.width=a..b", "expected a range of two numbers"),
    ],
)
def test_values_that_cannot_be_drawn(over, message):
    with pytest.raises(UserError, match=message):
        drawn("debug", [over], 2, seed=0)


def test_a_grid_has_no_ranges():
    with pytest.raises(UserError, match=r"memory.width=8..16 is a range: give values, or --random"):
        grid("debug", ["memory.width=8..16"])
    with pytest.raises(ConfigError, match="unknown setting"):
        entrant(grid("debug", ["width=8"])[0], {})
