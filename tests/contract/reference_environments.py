"""A small environment that keeps the contract, with bugs to be switched on by name."""

from collections.abc import Mapping
from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Int, Key

from engrax.envs.base import AbstractEnvironment
from engrax.types import (
    Discrete,
    ImageSpec,
    Interface,
    SymbolsSpec,
    TextSpec,
    TimeStep,
    VectorSpec,
    tree_where,
)


@jax.custom_batching.custom_vmap
def shared(number: Array) -> Array:
    """The largest number of all streams: what no environment should be able to see."""
    return number


@shared.def_vmap
def _shared_rule(axis_size: int, in_batched: list[bool], number: Array) -> tuple[Array, bool]:
    return (
        (jnp.broadcast_to(jnp.max(number), (axis_size,)), True)
        if in_batched[0]
        else (number, False)
    )


class WalkState(NamedTuple):
    place: Int[Array, ""]
    time: Int[Array, ""]


class Walk(AbstractEnvironment[WalkState]):
    """A walk along five places; the right end has a reward, and time is up after six steps."""

    bug: str = eqx.field(static=True, default="")

    @property
    def interface(self) -> Interface:
        observations = {
            "image": ImageSpec(1, 5, 1),
            "symbols": SymbolsSpec(1, 2, (5, 7)),
            "text": TextSpec(2, ("left", "right", "far", "near", "here")),
            "vector": VectorSpec(5),
        }
        return Interface(observations, Discrete(2))

    def draw(self, key: Key[Array, ""]) -> WalkState:
        return WalkState(jax.random.randint(key, (), 0, 4), jnp.zeros((), jnp.int32))

    def advance(self, state: WalkState, action: Int[Array, ""], key: Key[Array, ""]) -> WalkState:
        place = jnp.clip(state.place + 2 * action - 1, 0, 4)
        place = shared(place) if self.bug == "streams mixed" else place
        return WalkState(place, state.time + 1)

    def is_last(self, state: WalkState) -> Bool[Array, ""]:
        return ((state.place == 4) | (state.time == 6)) & (self.bug != "endless")

    def step(
        self, state: WalkState, action: Int[Array, ""], key: Key[Array, ""]
    ) -> tuple[WalkState, TimeStep]:
        if self.bug != "last takes an action":
            state, timestep = super().step(state, action, key)
            info = (
                {**timestep.info, "late": state.time}
                if self.bug == "info appears later"
                else timestep.info
            )
            return state, eqx.tree_at(lambda one: one.info, timestep, info)
        fresh = self.draw(key)
        fresh = fresh._replace(place=jnp.clip(fresh.place + action, 0, 3))
        state = tree_where(self.is_last(state), fresh, self.advance(state, action, key))
        return state, self.observe(state)

    def _observation(self, state: WalkState) -> Mapping[str, Array]:
        one_hot = jax.nn.one_hot(state.place, 5)
        symbols = jnp.stack([state.place, state.time % 7])[None, None].repeat(2, axis=1)
        words = jnp.stack([state.place, state.place]) + (
            1 if self.bug == "word beyond the vocabulary" else 0
        )
        vector = one_hot / jnp.where(self.bug == "vector not finite", one_hot[0], 1.0)
        return {
            "image": (255 * one_hot).astype(jnp.uint8)[None, :, None],
            "symbols": symbols.astype(jnp.uint8)[
                ..., :: -1 if self.bug == "symbols beyond their sizes" else 1
            ],
            "text": words.astype(jnp.int16 if self.bug == "text of another dtype" else jnp.int32),
            "vector": vector,
        }

    def observe(self, state: WalkState) -> TimeStep:
        first, arrived = state.time == 0, state.place == 4
        reward = arrived.astype(jnp.float32) + (
            first.astype(jnp.float32) if self.bug == "reward at first" else 0.0
        )
        end = self.is_last(state) if self.bug != "true end in the middle" else state.time == 2
        return TimeStep(
            observation=self._observation(state),
            reward=reward,
            discount=jnp.where(arrived | (end & (self.bug == "true end in the middle")), 0.0, 1.0),
            first=(state.time == 1) if self.bug == "first comes late" else first,
            last=self.is_last(state),
            info={"place": state.place},
        )
