"""Who steps environments is chosen by timing."""

import time
from dataclasses import replace

import pytest

from engrax.gym import choosing
from engrax.gym.choosing import BY_TIMING, IN_THIS_PROCESS, Workers, recipe_of, settled, shares_of

from unit.gym.environments import Counting


class Slow(Counting):
    """Takes its time."""

    def step(self, action):
        time.sleep(1e-3)
        return super().step(action)


@pytest.fixture(autouse=True)
def four_processors(monkeypatch):
    monkeypatch.setattr(choosing, "processors_here", lambda: [0, 1, 2, 3])


RECIPE = recipe_of(Counting, {})


def chosen(env, streams, workers=BY_TIMING, recipe=RECIPE):
    return settled(workers, env, recipe, streams)


def test_quick_environments_are_stepped_in_this_process():
    workers, notes = chosen(Counting(5), 8)
    assert workers.count == 0
    assert notes[0].startswith("environments are stepped in this process (one step of one takes")


def test_slow_environments_have_a_process_a_processor():
    workers, notes = chosen(Slow(5), 8)
    assert workers.count == 4
    assert notes[0].startswith("environments are stepped by 4 processes")


def test_there_are_no_more_processes_than_streams_and_as_many_in_each_group():
    assert chosen(Slow(5), 3)[0].count == 3
    assert chosen(Slow(5), 6, replace(BY_TIMING, groups=3))[0].count == 3


def test_what_was_asked_for_is_taken_without_timing():
    assert chosen(Slow(5), 8, Workers(2)) == (Workers(2), ())
    assert chosen(Slow(5), 8, IN_THIS_PROCESS) == (IN_THIS_PROCESS, ())
    assert chosen(Slow(5), 3, Workers(100))[0].count == 3


def test_one_stream_or_what_no_process_can_make_is_stepped_in_this_process():
    assert chosen(Slow(5), 1)[0].count == 0
    assert chosen(Slow(5), 8, recipe=None)[0].count == 0


def test_recipes_are_what_another_process_can_make():
    assert recipe_of("CartPole-v1", {}).make().spec.id == "CartPole-v1"
    assert isinstance(recipe_of(Counting, {"length": 2}).make(), Counting)
    assert recipe_of(lambda: Counting(2), {}) is None
    assert recipe_of(Counting(2), {}) is None


def test_streams_are_shared_out_evenly():
    assert shares_of(7, Workers(3)) == [[3, 2, 2]]
    assert shares_of(8, Workers(4, groups=2)) == [[2, 2], [2, 2]]
    assert shares_of(8, Workers(0, groups=2)) == [[4], [4]]
