"""Levels of mixtures are named by the settings in which they differ."""

from engrax.envs import Ballet, MemoryGame, Mixture, Recall
from engrax.experiments import levels_of


def test_levels_are_named_by_their_differences():
    task = Mixture((Ballet(dance_delay=2), Ballet(num_dancers=4, dance_delay=2)))
    assert levels_of(task) == {"num_dancers=2": task.levels[0], "num_dancers=4": task.levels[1]}
    task = Mixture((Ballet(), Ballet(num_dancers=4, dance_delay=2, max_steps=200)))
    assert list(levels_of(task)) == [
        "num_dancers=2 dance_delay=16 max_steps=None",
        "num_dancers=4 dance_delay=2 max_steps=200",
    ]


def test_a_single_level_has_the_name_of_its_kind():
    assert levels_of(Recall(3)) == {"recall": Recall(3)}
    assert levels_of(Mixture((MemoryGame(2),))) == {"memory_game": MemoryGame(2)}
