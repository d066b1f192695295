"""A linear probe: predicts the task's hidden state from the agent's features."""

from typing import Any, NamedTuple

import equinox as eqx
import jax
import numpy as np
from jaxtyping import Array, Bool, Float, Int, Key

from engrax.agents.base import AbstractAgent, check_interface
from engrax.algorithms.replaying import replay
from engrax.errors import UserError
from engrax.runtime.collecting import collect
from engrax.runtime.streams import open_streams
from engrax.runtime.worlds import World, as_world
from engrax.types import Question, Segment

RIDGE = 1e-3
"""Weight of the squared coefficients, relative to the features' mean square."""


class Sample(NamedTuple):
    """Played steps: the agent's features, and the hidden state.

    Attributes:
        features: [n, d].
        labels: [n, q], one a thing to be known, 0..classes-1.
        known: [n, q], whether it has been shown so far.
    """

    features: Float[np.ndarray, "n d"]
    labels: Int[np.ndarray, "n q"]
    known: Bool[np.ndarray, "n q"]


class ReadOut(NamedTuple):
    """Accuracy of the probe on steps that it was not fitted on.

    Attributes:
        accuracy: over what has been shown so far in the episode.
        unseen: over what has not been shown yet, at chance without a leak.
        chance: one in so many classes.
        steps: how many it was measured on.
    """

    accuracy: float
    unseen: float
    chance: float
    steps: int


def read_out(
    agent: AbstractAgent[Any], world: object, *, streams: int, steps: int, seed: int
) -> ReadOut:
    """Plays, fits a linear map from features to labels on one half of the streams, and tries it on
    the other.

    For every thing to be known a ridge regression on one-hot labels is fitted on the steps at which
    it has been shown; the largest output is the answer.

    Args:
        agent: plays, and shows its features; it samples its actions.
        world: a world, or what `engrax.runtime.as_world` makes one of; its interface has a
            `question`.
        streams: played side by side, at least 2.
        steps: of each stream.
        seed: the same seed plays the same episodes.

    Raises:
        UserError: the task has no question, or the agent offers no features.
    """
    world = as_world(world)
    check_interface(agent, world.interface)
    question = world.interface.question
    if question is None:
        raise UserError(
            "this task has no question that a read-out could answer: choose one whose interface "
            "has one; for a Gymnasium environment, --task.question names an entry of info"
        )
    keys = jax.random.split(jax.random.key(seed))
    samples = [sample(agent, world, question, key, streams // 2, steps) for key in keys]
    fitted, fresh = (with_constant(each) for each in samples)
    right, seen = answers(fitted, fresh, question.classes) == fresh.labels, fresh.known
    mean = lambda where: float(right[where].mean()) if where.any() else float("nan")  # noqa: E731
    return ReadOut(mean(seen), mean(~seen), 1.0 / question.classes, len(fresh.labels))


def sample(
    agent: AbstractAgent[Any],
    world: World,
    question: Question,
    key: Key[Array, ""],
    streams: int,
    steps: int,
) -> Sample:
    """Plays, and takes the agent's features at every step of every stream."""

    def segments(agent: AbstractAgent[Any], key: Key[Array, ""]) -> Segment[Any]:
        start_keys, act_keys = (jax.random.split(part, streams) for part in jax.random.split(key))
        opened = open_streams(agent, world, start_keys)
        return collect(agent, world, opened, act_keys, steps)[1]

    def features(agent: AbstractAgent[Any], segment: Segment[Any]):
        return jax.vmap(lambda one: agent.features(replay(agent, one)))(segment)

    segment = (eqx.filter_jit(segments) if world.pure else segments)(agent, key)
    found = eqx.filter_jit(features)(agent, segment)
    if found is None:
        raise UserError(f"{type(agent).__name__} offers no features: give it a method `features`")
    labels, known = (segment.steps.info[name][:, :-1] for name in (question.labels, question.known))
    flat = lambda x: np.asarray(x).reshape(streams * steps, -1)  # noqa: E731
    return Sample(flat(found), flat(labels) - question.lowest, flat(known))


def answers(fitted: Sample, fresh: Sample, classes: int) -> Int[np.ndarray, "n q"]:
    """The answers to every question on fresh steps, of maps fitted on others."""
    found = np.zeros(fresh.labels.shape, np.int64)
    ridge = (
        RIDGE
        * np.mean(np.square(fitted.features))
        * len(fitted.features)
        * np.eye(fitted.features.shape[1])
    )
    for index in range(fitted.labels.shape[1]):
        known = fitted.known[:, index]
        features, targets = fitted.features[known], np.eye(classes)[fitted.labels[known, index]]
        weights = np.linalg.solve(features.T @ features + ridge, features.T @ targets)
        found[:, index] = np.argmax(fresh.features @ weights, axis=1)
    return found


def with_constant(sample: Sample) -> Sample:
    """With a feature that is always 1, and in double precision."""
    features = np.asarray(sample.features, np.float64)
    return sample._replace(features=np.concatenate([features, np.ones((len(features), 1))], axis=1))
