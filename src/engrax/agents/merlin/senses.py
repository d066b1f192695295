"""The senses of MERLIN: every modality, the previous action and the previous reward, in and out."""

from collections.abc import Mapping

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Key

from engrax.agents.merlin.sizes import MERLINSizes
from engrax.nn.decoders import AbstractDecoder, make_decoder
from engrax.nn.distributions import softmax_cross_entropy
from engrax.nn.encoders import AbstractEncoder, make_encoder, past_features, past_size
from engrax.nn.linear import apply, linear
from engrax.types import AgentInput, Spec


class Senses(eqx.Module):
    """Encodes all that is sensed at a step into e_t, and says what z_t makes of it: minus log-likelihoods in nats.

    At `first` there was no action and no reward: they are encoded as "none" and zero, and not reconstructed.

    Source: Wayne et al. 2018, arXiv 1803.10760, methods, "Encoders" and "Decoders".
    """

    encoders: dict[str, AbstractEncoder]
    decoders: dict[str, AbstractDecoder]
    action: eqx.nn.Linear
    reward: eqx.nn.Linear
    weights: tuple[tuple[str, float], ...] = eqx.field(static=True)
    num_actions: int = eqx.field(static=True)

    def __init__(self, specs: Mapping[str, Spec], num_actions: int, sizes: MERLINSizes, *, key: Key[Array, ""]):
        """Args: one spec a modality, number of actions, sizes, key.

        Raises:
            ValueError: a modality has the name of a sense that every agent has.
        """
        if taken := {"action", "reward"} & set(specs):
            raise ValueError(f"a modality is called {min(taken)!r}, as MERLIN calls a sense of its own: rename it")
        encoder_key, decoder_key, action_key, reward_key = jax.random.split(key, 4)
        weights = {name: sizes.weights.of(spec) for name, spec in specs.items()}
        weights |= {"action": sizes.weights.action, "reward": sizes.weights.reward}
        self.weights = tuple((name, weight) for name, weight in weights.items() if weight)
        self.num_actions = num_actions
        keys = zip(sorted(specs), jax.random.split(encoder_key, len(specs)), strict=True)
        self.encoders = {name: make_encoder(specs[name], sizes.encoders, key=key) for name, key in keys}
        keys = dict(zip(sorted(specs), jax.random.split(decoder_key, len(specs)), strict=True))
        self.decoders = {
            name: make_decoder(specs[name], sizes.latent, sizes.encoders, key=keys[name])
            for name in keys
            if weights[name]
        }
        self.action = linear(sizes.latent, num_actions, key=action_key)
        self.reward = linear(sizes.latent, 1, key=reward_key)

    @property
    def size(self) -> int:
        """The width of e."""
        return sum(encoder.output_size for encoder in self.encoders.values()) + past_size(self.num_actions)

    def encode(self, inps: AgentInput) -> Float[Array, "*t e"]:
        """e, over any leading axes."""
        features = [encoder(inps.observation[name]) for name, encoder in self.encoders.items()]
        return jnp.concatenate([*features, past_features(inps, self.num_actions)], axis=-1)

    def costs(self, latent: Float[Array, "*t z"], inps: AgentInput) -> dict[str, Float[Array, "*t"]]:
        """What each sense that counts costs under its decoder, in nats, unweighted."""
        costs = {name: decoder.cost(latent, inps.observation[name]) for name, decoder in self.decoders.items()}
        there = (~inps.first).astype(jnp.float32)
        rewards = jnp.where(inps.first, 0.0, inps.previous_reward)
        costs["action"] = there * softmax_cross_entropy(apply(self.action, latent), inps.previous_action)
        costs["reward"] = 0.5 * there * jnp.square(apply(self.reward, latent)[..., 0] - rewards)
        return {name: costs[name] for name, _ in self.weights}
