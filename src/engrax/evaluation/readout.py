"""A linear read-out: what can be told of the task's hidden state from what the agent has in mind."""

from typing import Any, NamedTuple

import jax
import numpy as np
from jaxtyping import Array, Bool, Float, Int, Key

from engrax.agents.base import AbstractAgent
from engrax.envs.base import AbstractEnvironment, Question
from engrax.runtime.rollout import rollout, start

RIDGE = 1e-3
"""Weight of the squared coefficients, relative to the features' mean square."""


class Lived(NamedTuple):
    """Steps that were played: what the agent had in mind, and what there was to know.

    Attributes:
        features: [n, d].
        labels: [n, q], one a thing to be known, 0..classes-1.
        known: [n, q], whether it has been shown so far.
    """

    features: Float[np.ndarray, "n d"]
    labels: Int[np.ndarray, "n q"]
    known: Bool[np.ndarray, "n q"]


class ReadOut(NamedTuple):
    """How well the labels are told, over steps that the read-out was not fitted on.

    Attributes:
        accuracy: over what has been shown so far in the episode.
        unseen: over what has not been shown yet; nothing but luck can tell it.
        chance: one in so many classes.
        steps: how many it was measured on.
    """

    accuracy: float
    unseen: float
    chance: float
    steps: int


def read_out(
    agent: AbstractAgent[Any], environment: AbstractEnvironment[Any], *, streams: int, steps: int, seed: int
) -> ReadOut:
    """Plays, fits a linear map from features to labels on one half of the streams, and tries it on the other.

    For every thing to be known a ridge regression on one-hot labels is fitted on the steps at which it has been shown;
    the largest output is the answer.

    Args:
        agent: plays, and shows its features; it samples its actions.
        environment: has a `question`.
        streams: played side by side, at least 2.
        steps: of each stream.
        seed: the same seed plays the same episodes.

    Raises:
        ValueError: the task asks nothing, or the agent shows no features.
    """
    question = environment.question
    if question is None:
        raise ValueError("this task has no question that a read-out could answer")
    lived = [
        live(agent, environment, question, key, streams // 2, steps) for key in jax.random.split(jax.random.key(seed))
    ]
    fitted, fresh = (with_constant(each) for each in lived)
    right, seen = answers(fitted, fresh, question.classes) == fresh.labels, fresh.known
    mean = lambda where: float(right[where].mean()) if where.any() else float("nan")  # noqa: E731
    return ReadOut(mean(seen), mean(~seen), 1.0 / question.classes, len(fresh.labels))


def live(
    agent: AbstractAgent[Any],
    environment: AbstractEnvironment[Any],
    question: Question,
    key: Key[Array, ""],
    streams: int,
    steps: int,
) -> Lived:
    """Plays, and looks into the agent at every step of every stream."""

    def one(agent: AbstractAgent[Any], key: Key[Array, ""]):
        start_key, act_key = jax.random.split(key)
        _, segment, _ = rollout(agent, environment, start(agent, environment, start_key), act_key, steps)
        outs = agent.unroll(segment.state, segment.inputs, segment.actions, segment.keys)[1]
        info = {name: segment.steps.info[name][:-1] for name in (question.labels, question.known)}
        return agent.features(outs), info

    features, info = jax.jit(jax.vmap(one, in_axes=(None, 0)))(agent, jax.random.split(key, streams))
    if features is None:
        raise ValueError(f"{type(agent).__name__} shows no features; give it a method `features`")
    flat = lambda x: np.asarray(x).reshape(streams * steps, -1)  # noqa: E731
    return Lived(flat(features), flat(info[question.labels]) - question.lowest, flat(info[question.known]))


def answers(fitted: Lived, fresh: Lived, classes: int) -> Int[np.ndarray, "n q"]:
    """The answers to every question on fresh steps, of maps fitted on others."""
    found = np.zeros(fresh.labels.shape, np.int64)
    ridge = RIDGE * np.mean(np.square(fitted.features)) * len(fitted.features) * np.eye(fitted.features.shape[1])
    for index in range(fitted.labels.shape[1]):
        known = fitted.known[:, index]
        features, targets = fitted.features[known], np.eye(classes)[fitted.labels[known, index]]
        weights = np.linalg.solve(features.T @ features + ridge, features.T @ targets)
        found[:, index] = np.argmax(fresh.features @ weights, axis=1)
    return found


def with_constant(lived: Lived) -> Lived:
    """With a feature that is always 1, and in double precision."""
    features = np.asarray(lived.features, np.float64)
    return lived._replace(features=np.concatenate([features, np.ones((len(features), 1))], axis=1))
