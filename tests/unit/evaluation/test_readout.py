"""A linear read-out finds what is there, and nothing that is not."""

import jax
import numpy as np
import pytest

from engrax.agents import MERLIN, ActorCritic, MERLINSizes
from engrax.cli.main import main
from engrax.envs import MemoryGame, Recall
from engrax.evaluation.readout import Lived, answers, read_out, with_constant
from engrax.memory import NoMemory, RetroactiveMemory

GAME = MemoryGame(pairs=2)
TINY = MERLINSizes(latent=4, width=8, hidden=8)


def lived(seed: int, steps: int = 400) -> Lived:
    """Two things to be known, of three classes: the features show the first as a code, and nothing of the second."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 3, (steps, 2))
    codes = np.array([[1.0, 5.0], [2.0, -1.0], [-4.0, 0.5]])
    known = rng.random((steps, 2)) < 0.7
    return with_constant(Lived(codes[labels[:, 0]] + 0.1 * rng.standard_normal((steps, 2)), labels, known))


def test_what_features_show_is_told_and_what_they_do_not_is_luck():
    fresh = lived(1)
    right = (answers(lived(0), fresh, 3) == fresh.labels).mean(axis=0)
    assert right[0] == 1.0
    assert abs(right[1] - 1 / 3) < 0.1


def test_steps_at_which_nothing_was_known_teach_nothing():
    fitted, fresh = lived(0), lived(1)
    nonsense = np.where(fitted.known, fitted.labels, 2)
    np.testing.assert_array_equal(answers(fitted._replace(labels=nonsense), fresh, 3), answers(fitted, fresh, 3))


@pytest.mark.slow
def test_unseen_cards_are_told_by_luck_only_and_the_same_seed_tells_the_same():
    agent = MERLIN(GAME.observation_spec, 4, store=RetroactiveMemory(7, 4), sizes=TINY, key=jax.random.key(0))
    found = read_out(agent, GAME, streams=400, steps=14, seed=0)
    assert found.chance == 0.5
    assert found.steps == 200 * 14
    assert abs(found.unseen - 0.5) < 0.1
    again = read_out(agent, GAME, streams=400, steps=14, seed=0)
    assert again == found


@pytest.mark.slow
def test_an_agent_without_memory_tells_the_card_it_sees_at_most():
    make = lambda size, key: NoMemory(size, width=8, key=key)  # noqa: E731
    agent = ActorCritic(GAME.observation_spec, 4, memory=make, key=jax.random.key(0))
    found = read_out(agent, GAME, streams=200, steps=14, seed=0)
    assert found.accuracy < 0.8


def test_a_task_without_a_question_is_refused():
    task = Recall()
    agent = MERLIN(task.observation_spec, 4, store=RetroactiveMemory(7, 4), sizes=TINY, key=jax.random.key(0))
    with pytest.raises(ValueError, match="no question"):
        read_out(agent, task, streams=2, steps=2, seed=0)


@pytest.mark.slow
def test_the_command_says_what_it_found_and_what_it_cannot(tmp_path, capsys):
    words = ["--agent.latent", "4", "--agent.width", "8", "--agent.hidden", "8", "--streams", "4", "--updates", "1"]
    assert main(["train", "merlin-memory-game-3-pairs", *words, "--out", str(tmp_path / "run")]) == 0
    assert main(["probe", str(tmp_path / "run"), "--streams", "20", "--steps", "10", "--untrained"]) == 0
    assert "chance 0.333" in capsys.readouterr().out
    assert main(["train", "debug", "--updates", "1", "--out", str(tmp_path / "other")]) == 0
    assert main(["probe", str(tmp_path / "other"), "--streams", "20", "--steps", "10"]) == 2
    assert "no question" in capsys.readouterr().err
