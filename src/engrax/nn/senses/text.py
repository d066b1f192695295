"""Sentences: an encoder and a decoder."""

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int, Key

from engrax.nn.distributions import softmax_cross_entropy
from engrax.nn.linear import apply, linear
from engrax.nn.recurrent import LSTMCell
from engrax.nn.senses.base import AbstractDecoder, AbstractEncoder, EncoderSizes, Sense
from engrax.types import TextSpec


class TextEncoder(AbstractEncoder):
    """Embeds each word, and reads the sentence with an LSTM."""

    embedding: Float[Array, "v e"]
    cell: LSTMCell
    scale: float = eqx.field(static=True)
    output_size: int = eqx.field(static=True)

    def __init__(self, spec: TextSpec, sizes: EncoderSizes, *, key: Key[Array, ""]):
        """Args: the spec, the sizes, and a key for the parameters."""
        embedding_key, cell_key = jax.random.split(key)
        shape = (len(spec.vocabulary), sizes.text_embedding)
        self.embedding = jax.random.normal(embedding_key, shape, jnp.float32)
        self.cell = LSTMCell(sizes.text_embedding, sizes.text_embedding, key=cell_key)
        self.scale, self.output_size = sizes.text_scale, sizes.text_embedding

    def __call__(self, observation: Int[Array, "*n l"]) -> Float[Array, "*n e"]:
        """Encodes token ids."""
        batch = observation.shape[:-1]
        codes = jax.nn.one_hot(observation, self.embedding.shape[0], dtype=self.embedding.dtype)
        words = codes @ self.embedding
        driven = self.cell.drive(words).reshape(-1, observation.shape[-1], 4 * self.output_size)
        return self.scale * jax.vmap(self._read)(driven).reshape(*batch, -1)

    def _read(self, driven: Float[Array, "l g"]) -> Float[Array, " e"]:
        recur = lambda state, word: (self.cell.recur(state, word), None)  # noqa: E731
        return jax.lax.scan(recur, self.cell.init_state(), driven)[0].hidden


class TextDecoder(AbstractDecoder):
    """A linear map to one softmax a token."""

    layer: eqx.nn.Linear
    spec: TextSpec = eqx.field(static=True)
    terms: int = eqx.field(static=True)

    def __init__(
        self, spec: TextSpec, input_size: int, sizes: EncoderSizes, *, key: Key[Array, ""]
    ):
        """Args: the spec, width of the input, sizes (unused), key."""
        del sizes
        self.spec, self.terms = spec, spec.length
        self.layer = linear(input_size, spec.length * len(spec.vocabulary), key=key)

    def __call__(self, h: Float[Array, "*n d"]) -> Float[Array, "*n l v"]:
        """Logits of every token."""
        return apply(self.layer, h).reshape(*h.shape[:-1], self.spec.length, -1)

    def loss(
        self, prediction: Float[Array, "*n l v"], observation: Int[Array, "*n l"]
    ) -> Float[Array, "*n"]:
        """Softmax cross-entropy, averaged over tokens."""
        return jnp.mean(softmax_cross_entropy(prediction, observation), axis=-1)

    def likeliest(self, prediction: Float[Array, "*n l v"]) -> Int[Array, "*n l"]:
        """Every token's own."""
        return jnp.argmax(prediction, axis=-1).astype(jnp.int32)


TEXT = Sense(TextEncoder, TextDecoder)
"""How sentences are encoded and decoded."""
