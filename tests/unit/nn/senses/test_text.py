"""The encoder and the decoder of sentences, against slow loops in float64."""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np

from engrax.nn.senses import EncoderSizes, sense_of
from engrax.types import TextSpec

from .costs import random_features, softmax_cost

SPEC, SIZES = TextSpec(3, tuple("abcde")), EncoderSizes(text_embedding=4)
SENTENCES = SPEC.draw(np.random.default_rng(1), (2, 3))


def make_encoder(sizes=SIZES):
    return sense_of(SPEC).encoder(SPEC, sizes, key=jax.random.key(0))


def encoded(encoder, sentence):
    """An LSTM over the words' embeddings: its last output."""
    numbers = jax.tree.map(lambda leaf: np.asarray(leaf, np.float64), encoder)
    sigmoid = lambda x: 1 / (1 + np.exp(-x))  # noqa: E731
    hidden = memory = np.zeros(4)
    for word in sentence:
        inner, outer = numbers.cell.from_input, numbers.cell.from_hidden
        gates = inner.weight @ numbers.embedding[word] + inner.bias + outer.weight @ hidden
        i, f, g, o = np.split(gates, 4)
        memory = sigmoid(f + 1) * memory + sigmoid(i) * np.tanh(g)
        hidden = sigmoid(o) * np.tanh(memory)
    return hidden


def test_the_encoder_equals_the_oracle_over_leading_axes():
    encoder = make_encoder()
    features = encoder(jnp.asarray(SENTENCES))
    assert features.shape == (2, 3, encoder.output_size) == (2, 3, 4)
    np.testing.assert_allclose(features[1, 2], encoded(encoder, SENTENCES[1, 2]), rtol=1e-4)
    assert np.any(np.asarray(features[0, 0]) != np.asarray(features[1, 1]))


def test_a_sentence_weighs_as_much_as_it_is_scaled():
    plain, scaled = make_encoder(), make_encoder(replace(SIZES, text_scale=4.0))
    seen = jnp.asarray(SENTENCES)
    np.testing.assert_allclose(scaled(seen), 4 * np.asarray(plain(seen)), rtol=1e-6)


def test_the_loss_is_a_mean_over_tokens_and_the_cost_a_sum():
    decoder = sense_of(SPEC).decoder(SPEC, 7, SIZES, key=jax.random.key(0))
    h, prediction = random_features(decoder)
    assert prediction.shape == (2, 3, 3, 5)

    def costs(prediction):
        return [
            softmax_cost(row, token) for row, token in zip(prediction, SENTENCES[1, 2], strict=True)
        ]

    losses = decoder.loss(jnp.asarray(prediction), jnp.asarray(SENTENCES))
    np.testing.assert_allclose(losses[1, 2], np.mean(costs(prediction[1, 2])), rtol=1e-4)
    whole = decoder.cost(h, jnp.asarray(SENTENCES))
    np.testing.assert_allclose(whole[1, 2], np.sum(costs(decoder(h)[1, 2])), rtol=1e-4)
