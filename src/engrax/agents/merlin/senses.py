"""MERLIN's encoders and decoders of the observation, the previous action and reward."""

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Key

from engrax.agents.merlin.sizes import MERLINSizes
from engrax.nn.linear import apply, linear
from engrax.nn.policies import policy_class
from engrax.nn.senses import (
    AbstractDecoder,
    AbstractEncoder,
    code_size,
    encode,
    make_decoders,
    make_encoders,
    past_features,
    past_size,
)
from engrax.types import Actions, AgentInput, Interface


class Senses(eqx.Module):
    """Encodes the inputs of a step into e_t, and reconstructs them from z_t, with costs in nats.

    At `first` there was no action and no reward: they are encoded as "none" and zero, and not
    reconstructed.

    Source: Wayne et al. 2018, arXiv 1803.10760, methods, "Encoders" and "Decoders".
    """

    encoders: dict[str, AbstractEncoder]
    decoders: dict[str, AbstractDecoder]
    action: eqx.nn.Linear
    reward: eqx.nn.Linear
    weights: tuple[tuple[str, float], ...] = eqx.field(static=True)
    actions: Actions = eqx.field(static=True)
    past_scale: float = eqx.field(static=True)

    def __init__(self, interface: Interface, sizes: MERLINSizes, *, key: Key[Array, ""]):
        """Args: interface, sizes, key.

        Raises:
            ValueError: a part of the observation has the name of a sense that every agent has.
        """
        specs, self.actions, self.past_scale = interface.seen, interface.actions, sizes.past_scale
        if taken := {"action", "reward"} & set(specs):
            raise ValueError(
                f"an observation is called {min(taken)!r}, as MERLIN calls a sense of its own: "
                "rename it"
            )
        encoder_key, decoder_key, action_key, reward_key = jax.random.split(key, 4)
        weights = {name: sizes.weights.of(spec) for name, spec in specs.items()}
        weights |= {"action": sizes.weights.action, "reward": sizes.weights.reward}
        self.weights = tuple((name, weight) for name, weight in weights.items() if weight)
        self.encoders = make_encoders(specs, sizes.encoders, key=encoder_key)
        decoded = {name: spec for name, spec in specs.items() if weights[name]}
        self.decoders = make_decoders(decoded, sizes.latent, sizes.encoders, key=decoder_key)
        self.action = linear(sizes.latent, code_size(self.actions), key=action_key)
        self.reward = linear(sizes.latent, 1, key=reward_key)

    @property
    def size(self) -> int:
        """The width of e."""
        return sum(encoder.output_size for encoder in self.encoders.values()) + past_size(
            self.actions
        )

    def encode(self, inps: AgentInput) -> Float[Array, "*t e"]:
        """e, over any leading axes."""
        features = encode(self.encoders, inps.observation)
        past = self.past_scale * past_features(inps, self.actions)
        return jnp.concatenate([features, past], axis=-1)

    def likeliest(self, latent: Float[Array, "*t z"]) -> dict[str, Array]:
        """The observation that fits z best: its parts with a weight."""
        found = {name: one.likeliest(one(latent)) for name, one in self.decoders.items()}
        return {name: part for name, part in found.items() if part is not None}

    def costs(
        self, latent: Float[Array, "*t z"], inps: AgentInput
    ) -> dict[str, Float[Array, "*t"]]:
        """The reconstruction cost of each input with a weight, in nats, unweighted."""
        costs = {
            name: decoder.cost(latent, inps.observation[name])
            for name, decoder in self.decoders.items()
        }
        known = (~inps.first).astype(jnp.float32)
        rewards = jnp.where(inps.first, 0.0, inps.previous_reward)
        predicted = apply(self.action, latent)
        code_cost = policy_class(self.actions).code_cost(
            self.actions, predicted, inps.previous_action
        )
        costs["action"] = known * code_cost
        costs["reward"] = 0.5 * known * jnp.square(apply(self.reward, latent)[..., 0] - rewards)
        return {name: costs[name] for name, _ in self.weights}
