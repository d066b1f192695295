"""What a new run decides about its devices, and what it keeps."""

from dataclasses import replace

import jax

from engrax.experiments.presets import PRESETS
from engrax.runs import devices, training
from engrax.runs.building import experiment_named
from engrax.runs.devices import offer_devices, settled
from engrax.runs.directory import RunDirectory
from engrax.runtime import Placement

from .fake_runs import FakeTrainer, state_at

DEBUG = PRESETS["debug"]


def test_devices_are_offered_until_jax_has_started():
    """Here it has, with two."""
    assert len(jax.devices()) == 2
    assert devices.asked_for() == 2
    assert offer_devices(5) == offer_devices() == 2


def test_a_core_is_a_device(monkeypatch):
    asked = {}
    monkeypatch.setattr(devices, "cores", lambda: 7)
    monkeypatch.setattr(jax.config, "update", lambda name, value: asked.update({name: value}))
    monkeypatch.setattr(devices, "asked_for", lambda: None)
    offer_devices()
    assert asked == {"jax_num_cpu_devices": 7}
    monkeypatch.setattr(devices, "asked_for", lambda: 3)
    offer_devices()
    assert asked == {"jax_num_cpu_devices": 3}
    offer_devices(2)
    assert asked == {"jax_num_cpu_devices": 2}


def test_a_new_run_takes_all_devices_and_keeps_what_it_was_given():
    run = settled(replace(DEBUG, streams=64, segment_length=64))
    decided = Placement(devices=2, acting_tile=32, learning_tile=8, precision="float32")
    assert run.placement == decided
    assert settled(run) == run
    given = replace(run, placement=Placement(devices=1, learning_tile=4))
    assert settled(given).placement == replace(decided, devices=1, acting_tile=64, learning_tile=4)


def test_an_accelerator_computes_products_in_tf32(monkeypatch):
    precision = lambda run: settled(run).placement.precision  # noqa: E731
    exact = replace(DEBUG, placement=Placement(precision="float32"))
    monkeypatch.setattr(devices.jax, "default_backend", lambda: "gpu")
    assert (precision(DEBUG), precision(exact)) == ("tf32", "float32")


def test_small_states_act_in_larger_tiles_and_merlin_learns_from_all_at_once():
    """32 streams at least: on each of two devices there are 128."""
    tile = lambda **settings: settled(experiment_named("hcam-ballet-levels", settings)).placement  # noqa: E731
    assert tile(**{"memory.num_chunks": "256"}).acting_tile == 32
    assert tile(**{"memory.width": "8"}).acting_tile == 128
    merlin = settled(PRESETS["merlin-memory-game-8-pairs"]).placement
    assert (merlin.acting_tile, merlin.learning_tile) == (32, 32)


def test_environments_in_python_have_one_device():
    assert settled(PRESETS["lstm-cartpole-hidden"]).placement.devices == 1


def test_an_accelerator_acts_in_two_groups_where_processes_step_the_environments(monkeypatch):
    run = PRESETS["lstm-cartpole-hidden"]
    backend = {"name": "gpu"}
    monkeypatch.setattr(devices.jax, "default_backend", lambda: backend["name"])
    monkeypatch.setattr(type(run.task), "workers", lambda task, streams: 4)
    groups = lambda streams=32, **given: (  # noqa: E731
        settled(replace(run, streams=streams, placement=Placement(**given))).placement.groups
    )
    assert groups() == 2
    assert groups(workers=0) == groups(workers=1) == groups(streams=33 * 4 + 4, groups=1) == 1
    assert groups(groups=4) == 4
    backend["name"] = "cpu"
    assert groups() == 1
    assert groups(groups=4) == 4
    backend["name"] = "gpu"
    monkeypatch.setattr(type(run.task), "workers", lambda task, streams: 0)
    assert groups() == 1


def test_resuming_with_fewer_devices_is_said(tmp_path, monkeypatch):
    run = replace(DEBUG, placement=Placement(devices=2, acting_tile=2, learning_tile=1))
    directory = RunDirectory.create(tmp_path / "run", run, preset="debug", command=[])
    monkeypatch.setattr(training, "build_trainer", lambda experiment: (FakeTrainer(), state_at(0)))
    warned = []
    training.restored_job(directory, warn=warned.append)
    assert not warned
    monkeypatch.setattr(training, "offer_devices", lambda count: 1)
    training.restored_job(directory, warn=warned.append)
    assert warned == [
        "this run has its streams on 2 devices, but JAX has 1 here: one computes all shares, and "
        "the numbers are the same to rounding only"
    ]
