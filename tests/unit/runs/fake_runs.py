"""Runs that cost nothing: a trainer that adds one, behind the real commands."""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import pytest

from engrax.cli.main import main


class Learner(NamedTuple):
    """The least that a learner is."""

    agent: jax.Array
    updates: jax.Array


class State(NamedTuple):
    """The least that a run saves."""

    learner: Learner


def as_arrays(metrics: dict[str, float]) -> dict[str, jax.Array]:
    """Metrics as a trainer gives them."""
    return {name: jnp.float32(value) for name, value in metrics.items()}


def state_at(update: int) -> State:
    return State(Learner(jnp.full(800, update, jnp.float32), jnp.int32(update)))


class FakeTrainer:
    """`meanwhile` may interfere with an update."""

    def __init__(self, meanwhile: Callable[[int], object] = lambda update: None):
        self.meanwhile = meanwhile

    def init(self) -> State:
        return state_at(0)

    def update(self, state: State) -> tuple[State, dict[str, Any]]:
        agent, updates = state.learner.agent + 1.0, state.learner.updates + 1
        self.meanwhile(int(updates))
        metrics = {"episodes": 1.0, "loss": 1.0 / float(updates), "entropy": 1.0 / 3.0}
        return State(Learner(agent, updates)), as_arrays(metrics)

    def saved(self, state: State) -> State:
        return state

    def restored(self, saved: State) -> tuple[State, int]:
        return saved, 0

    def environment_steps(self, updates: int) -> int:
        return 10 * updates


class Answer(NamedTuple):
    status: int
    out: str
    err: str

    @property
    def complaint(self) -> str:
        """What went wrong, in one line after those that tell of progress."""
        *before, last = self.err.splitlines()
        assert not any(line.startswith(("engrax: ", "Traceback")) for line in before), self.err
        return last.removeprefix("engrax: ")


class FakeCli:
    """The commands, with a trainer that may be changed."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
        self.capsys = capsys
        self.trainer = FakeTrainer()
        shapes = jax.eval_shape(lambda: state_at(0))
        monkeypatch.setattr("engrax.runs.training.settled", lambda experiment: experiment)
        monkeypatch.setattr(
            "engrax.runs.training.build_trainer", lambda experiment: (self.trainer, shapes)
        )

    def __call__(self, *words: str) -> Answer:
        status = main(words)
        said = self.capsys.readouterr()
        return Answer(status, said.out, said.err)
