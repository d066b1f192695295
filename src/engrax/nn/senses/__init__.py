"""An encoder and a decoder for each kind of observation; `SENSES` is the registry."""

from collections.abc import Mapping

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Key

from engrax.nn.senses.base import (
    AbstractDecoder,
    AbstractEncoder,
    AbstractParts,
    EncoderSizes,
    KindWeights,
    Sense,
)
from engrax.nn.senses.image import IMAGE
from engrax.nn.senses.past import action_code, code_size, past_features, past_parts, past_size
from engrax.nn.senses.symbols import SYMBOLS
from engrax.nn.senses.text import TEXT
from engrax.nn.senses.vector import VECTOR
from engrax.types import ImageSpec, Observation, Spec, SymbolsSpec, TextSpec, VectorSpec

SENSES: dict[type[Spec], Sense] = {
    ImageSpec: IMAGE,
    SymbolsSpec: SYMBOLS,
    TextSpec: TEXT,
    VectorSpec: VECTOR,
}
"""Every kind of observation that can be encoded; other packages may add to it."""


def sense_of(spec: Spec) -> Sense:
    """The encoder and the decoder of a kind of observation.

    Raises:
        ValueError: there are none.
    """
    if type(spec) not in SENSES:
        known = ", ".join(kind.__name__ for kind in SENSES)
        raise ValueError(
            f"an observation is {spec}, expected one of {known}: add the kind to "
            "engrax.nn.senses.SENSES"
        )
    return SENSES[type(spec)]


def make_encoders(
    specs: Mapping[str, Spec], sizes: EncoderSizes, *, key: Key[Array, ""]
) -> dict[str, AbstractEncoder]:
    """One encoder per part of the observation, by its name."""
    keys = _key_of_each(specs, key)
    return {
        name: sense_of(specs[name]).encoder(specs[name], sizes, key=keys[name]) for name in keys
    }


def make_decoders(
    specs: Mapping[str, Spec], input_size: int, sizes: EncoderSizes, *, key: Key[Array, ""]
) -> dict[str, AbstractDecoder]:
    """One decoder per part of the observation, by its name."""
    keys = _key_of_each(specs, key)
    return {
        name: sense_of(specs[name]).decoder(specs[name], input_size, sizes, key=keys[name])
        for name in keys
    }


def make_parts(
    specs: Mapping[str, Spec], sizes: EncoderSizes, *, key: Key[Array, ""]
) -> dict[str, AbstractParts]:
    """What makes features of the parts of a view, for each part of the observation that has places,
    by its name.
    """
    keys = _key_of_each(specs, key)
    return {
        name: make(specs[name], sizes, key=keys[name])
        for name in keys
        if (make := sense_of(specs[name]).parts) is not None
    }


def _key_of_each(specs: Mapping[str, Spec], key: Key[Array, ""]) -> dict[str, Key[Array, ""]]:
    """A key for every part of the observation, sorted by name."""
    keys = jax.random.split(key, max(len(specs), 1))
    return {name: keys[i] for i, name in enumerate(sorted(specs))}


def encode(
    encoders: Mapping[str, AbstractEncoder], observation: Observation
) -> Float[Array, "*t e"]:
    """The features of all parts, one after the other, over any leading axes."""
    return jnp.concatenate(
        [encoder(observation[name]) for name, encoder in encoders.items()], axis=-1
    )


__all__ = [
    "SENSES",
    "AbstractDecoder",
    "AbstractEncoder",
    "AbstractParts",
    "EncoderSizes",
    "KindWeights",
    "Sense",
    "action_code",
    "code_size",
    "encode",
    "make_decoders",
    "make_encoders",
    "make_parts",
    "past_features",
    "past_parts",
    "past_size",
    "sense_of",
]
