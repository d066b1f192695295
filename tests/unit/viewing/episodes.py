"""Small agents and worlds, and episodes made by hand."""

from typing import Any

import jax
import numpy as np

from engrax.agents import ActorCritic, ActorCriticSizes
from engrax.envs import Recall
from engrax.memory import HCAMSizes
from engrax.testing.contract import quick_jit
from engrax.types import Discrete, ImageSpec, Interface, TextSpec
from engrax.viewing.record import Episode

SIZES = ActorCriticSizes(
    memory=HCAMSizes(
        width=8,
        num_layers=1,
        num_heads=2,
        chunk_size=2,
        num_chunks=3,
        top_k=2,
        window=2,
        mlp_size=8,
    ),
    hidden=8,
    reconstruction=False,
)


def make_agent(interface: Interface, sizes: ActorCriticSizes = SIZES) -> ActorCritic:
    """A small actor-critic."""
    return quick_jit(lambda key: ActorCritic(interface, sizes, key=key))(jax.random.key(0))


def scripted(
    weights: Any, steps_ago: Any, *, effective: Any = None, valid: Any = None, **changed: Any
) -> Episode:
    """An episode whose step t shows a picture that is grey 20 t all over; fields may be changed."""
    weights, steps_ago = np.asarray(weights, np.float32), np.asarray(steps_ago, np.int32)
    length = len(weights)
    times = np.arange(length)
    images = np.broadcast_to(20 * times.astype(np.uint8)[:, None, None, None], (length, 8, 8, 1))
    zeros = np.zeros(length, np.float32)
    episode = Episode(
        observation={"image": images, "text": times[:, None] % 2},
        action=np.zeros(length, np.int32),
        reward=zeros,
        first=times == 0,
        last=times == length - 1,
        info={},
        effective=times < length - 1 if effective is None else np.asarray(effective),
        policy=np.full((length, 2), 0.5, np.float32),
        value=zeros,
        weights=weights,
        steps_ago=steps_ago,
        valid=np.ones_like(steps_ago, bool) if valid is None else np.asarray(valid),
    )
    return episode._replace(**changed)


def nothing_recalled(length: int) -> tuple[np.ndarray, np.ndarray]:
    """The weights and ages of an episode whose memory attends to nothing."""
    return np.zeros((length, 0)), np.zeros((length, 0))


class Screen(Recall):
    """A task that shows a picture and a word."""

    @property
    def interface(self):
        observations = {"image": ImageSpec(8, 8, 1), "text": TextSpec(1, ("look", ""))}
        return Interface(observations, Discrete(2))


class Speech(Recall):
    """A task of words only."""

    @property
    def interface(self):
        return Interface({"text": TextSpec(2, ("look", "", "there"))}, Discrete(2))


SCREEN = Screen(num_cues=2)
