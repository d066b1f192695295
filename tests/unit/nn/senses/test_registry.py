"""Encoders and decoders are made by the kind of an observation, under any name."""

from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from engrax.nn.senses import (
    SENSES,
    EncoderSizes,
    encode,
    make_decoders,
    make_encoders,
    sense_of,
)
from engrax.nn.senses.image import ImageDecoder, ImageEncoder
from engrax.nn.senses.vector import VectorEncoder
from engrax.types import ImageSpec, SymbolsSpec, TextSpec, VectorSpec

SIZES = EncoderSizes(image_features=6, filter_channels=4, text_embedding=4, vector_features=4)
SPECS = {
    "camera": ImageSpec(6, 9),
    "board": SymbolsSpec(5, 4, (3, 5)),
    "order": TextSpec(3, tuple("abcde")),
    "touch": VectorSpec(4),
}


def test_every_kind_is_tried():
    assert {type(spec) for spec in SPECS.values()} == set(SENSES)


@pytest.mark.slow
def test_parts_of_any_names_are_encoded_and_decoded_by_their_kind():
    encoders = make_encoders(SPECS, SIZES, key=jax.random.key(0))
    decoders = make_decoders(SPECS, 7, SIZES, key=jax.random.key(1))
    assert isinstance(encoders["camera"], ImageEncoder)
    assert isinstance(decoders["camera"], ImageDecoder)
    assert isinstance(encoders["touch"], VectorEncoder)
    numbers = np.random.default_rng(0)
    seen = {name: jnp.asarray(spec.draw(numbers, (2,))) for name, spec in SPECS.items()}
    features = encode(encoders, seen)
    assert features.shape == (2, sum(encoder.output_size for encoder in encoders.values()))
    parts = [np.asarray(encoders[name](seen[name])) for name in sorted(SPECS)]
    np.testing.assert_allclose(features, np.concatenate(parts, axis=-1), atol=1e-5)
    for name, decoder in decoders.items():
        assert decoder.cost(jnp.ones((2, 7)), seen[name]).shape == (2,)


@dataclass(frozen=True)
class Sound(VectorSpec):
    """A kind of observation of another package."""


def test_an_unknown_kind_is_named():
    with pytest.raises(
        ValueError, match=r"an observation is Sound\(size=3\), expected one of Image"
    ) as e:
        make_encoders({"ear": Sound(3)}, SIZES, key=jax.random.key(0))
    assert "engrax.nn.senses.SENSES" in str(e.value)
    with pytest.raises(ValueError, match="an observation is Sound"):
        make_decoders({"ear": Sound(3)}, 7, SIZES, key=jax.random.key(0))


def test_a_kind_can_be_added(monkeypatch):
    monkeypatch.setitem(SENSES, Sound, sense_of(VectorSpec(3)))
    encoders = make_encoders({"ear": Sound(3)}, SIZES, key=jax.random.key(0))
    assert encode(encoders, {"ear": jnp.ones((2, 3))}).shape == (2, 4)
