"""The encoder and the decoder of vectors, against products in float64."""

import jax
import jax.numpy as jnp
import numpy as np

from engrax.nn.senses import EncoderSizes, sense_of
from engrax.types import VectorSpec

from .costs import affine, random_features

SPEC, SIZES = VectorSpec(4), EncoderSizes(vector_features=5)
VECTORS = SPEC.draw(np.random.default_rng(1), (2, 3))


def test_the_encoder_is_one_linear_layer():
    encoder = sense_of(SPEC).encoder(SPEC, SIZES, key=jax.random.key(0))
    features = encoder(jnp.asarray(VECTORS))
    assert features.shape == (2, 3, encoder.output_size) == (2, 3, 5)
    np.testing.assert_allclose(features[1, 2], affine(encoder.layer, VECTORS[1, 2]), rtol=1e-4)


def test_the_loss_is_a_mean_over_components_and_the_cost_a_sum():
    decoder = sense_of(SPEC).decoder(SPEC, 7, SIZES, key=jax.random.key(0))
    h, prediction = random_features(decoder)
    losses = decoder.loss(jnp.asarray(prediction), jnp.asarray(VECTORS))
    errors = 0.5 * np.square(prediction[1, 2] - VECTORS[1, 2])
    np.testing.assert_allclose(losses[1, 2], errors.mean(), rtol=1e-4)
    errors = 0.5 * np.square(affine(decoder.layer, h[1, 2]) - VECTORS[1, 2])
    np.testing.assert_allclose(decoder.cost(h, jnp.asarray(VECTORS))[1, 2], errors.sum(), rtol=1e-4)
