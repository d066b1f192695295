"""What a comparison plans."""

from pathlib import Path

import pytest

from engrax.errors import ConfigError, RunError, UserError
from engrax.experiments.presets import PRESETS
from engrax.runs.comparing import levels_played, plan, task_settings, train_all
from engrax.runs.directory import RunDirectory

from .fake_runs import state_at

OUT = Path("out")


def test_runs_are_planned_seed_by_seed():
    runs = plan(["debug", "merlin-recall-debug"], OUT, seeds=2)
    names = ["debug-0", "merlin-recall-debug-0", "debug-1", "merlin-recall-debug-1"]
    assert [run.path for run in runs] == [OUT / name for name in names]
    assert [run.experiment.seed for run in runs] == [0, 0, 1, 1]


def test_another_length_scales_the_ramps():
    name = "hcam-ballet-levels"
    run = plan([name], OUT, seeds=1, length=lambda experiment: experiment.updates // 2)[0]
    whole, half = PRESETS[name].learner.learning_rate_ramp, run.experiment.learner
    assert half.learning_rate_ramp.start == whole.start // 2


def test_a_preset_named_twice_is_refused():
    with pytest.raises(UserError, match="'debug' is named twice"):
        plan(["debug", "debug"], OUT, seeds=1)


def test_variants_of_a_preset_have_directories_of_their_own():
    runs = plan(["debug", "debug --memory.width 16"], OUT, seeds=1, settings={"streams": "4"})
    assert [run.path for run in runs] == [OUT / "debug-0", OUT / "debug_memory.width=16-0"]
    assert [run.experiment.streams for run in runs] == [4, 4]
    assert runs[1].agent == "debug memory.width=16"


def test_a_trained_run_is_played_with_as_it_is(tmp_path):
    path = tmp_path / "mine-3"
    directory = RunDirectory.create(path, PRESETS["debug"], preset="debug", command=[])
    with pytest.raises(RunError, match="mine-3 has no weights yet: train it first, or leave it"):
        plan([str(path)], OUT, seeds=1)
    directory.save(state_at(5), 320)
    run, *others = plan([str(path), "debug"], OUT, seeds=2)
    assert (run.agent, run.path, run.trained, run.experiment.updates) == ("mine", path, True, 5)
    assert run.scores.parent == OUT / "evaluations"
    assert [other.path for other in others] == [OUT / "debug-0", OUT / "debug-1"]
    assert train_all([run]).done == [run]


def test_settings_of_levels_as_typed():
    assert task_settings("delay=6,task.num_cues=5") == {"delay": "6", "num_cues": "5"}
    with pytest.raises(UserError, match="--also 'delay': expected settings of the task"):
        task_settings("delay")


def test_levels_are_those_of_training_and_those_asked_for():
    levels = levels_played(PRESETS["debug"], ["delay=6"])
    assert list(levels) == ["recall", "delay=6 (not trained on)"]
    assert levels["delay=6 (not trained on)"].delay == 6
    with pytest.raises(ConfigError, match="unknown setting"):
        levels_played(PRESETS["debug"], ["colour=3"])
