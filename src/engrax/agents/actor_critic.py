"""An actor-critic around any memory: LSTM, HCAM and all other memory agents are this one."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Literal, TypeVar

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int, Key

from engrax.agents.base import AbstractAgent, choose
from engrax.memory import AbstractMemory, MemoryChoice, make_memory
from engrax.nn.decoders import AbstractDecoder, make_decoder
from engrax.nn.encoders import AbstractEncoder, EncoderSizes, make_encoder, past_features, past_size
from engrax.nn.linear import MLP
from engrax.types import AgentInput, AgentOutput, Recall, Spec

S = TypeVar("S")


@dataclass(frozen=True)
class ReconstructionWeights:
    """How much the reconstruction of each modality counts in the loss; 0 leaves it out."""

    image: float = 1.0
    """Sigmoid cross-entropy, averaged over pixels."""
    symbols: float = 1.0
    """Half the squared error of binary digits (or softmax cross-entropy), summed over squares and features."""
    text: float = 0.1
    """Softmax cross-entropy, averaged over tokens."""
    vector: float = 1.0
    """Half the squared error, averaged over components."""


@dataclass(frozen=True)
class ActorCriticSizes:
    """Sizes of an actor-critic, and its self-supervision."""

    kind: Literal["actor_critic"] = "actor_critic"
    encoders: EncoderSizes = field(default_factory=EncoderSizes)
    """Sizes of the encoders."""
    hidden: int = 64
    """Hidden units of the policy's and of the value's MLP."""
    hears_past: bool = True
    """Whether memory hears the previous action and reward; where actions have no effect they are noise to remember."""
    heads_hear_past: bool = False
    """Whether policy and value hear them beside the memory's output: where it is heading, without remembering it."""
    reconstruction: bool = True
    """Whether the memory's output must reconstruct the present observation."""
    weights: ReconstructionWeights = field(default_factory=ReconstructionWeights)
    """Weights of the reconstruction's parts."""
    action_value: float = 0.0
    """Weight of telling, from the memory's output, the return of the action taken; 0 leaves it out. Not the paper's."""


class ActorCritic(AbstractAgent[S]):
    """Encoders, a memory, heads for policy and value, and decoders that reconstruct what was just seen.

    Features of all modalities and, if it is to hear of them, the previous action (one-hot, with a code of its own for
    "none") and the previous reward are concatenated into the memory's input; all heads read the memory's output.
    Policy and value may hear of the previous action and reward themselves.

    Source: Lampinen et al. 2021, arXiv 2105.14039, section 3: encoders, self-supervision of the memory's output by
    reconstruction. Previous action and reward as inputs are a choice.
    """

    encoders: dict[str, AbstractEncoder]
    memory: AbstractMemory[S]
    policy: MLP
    value: MLP
    decoders: dict[str, AbstractDecoder]
    action_value: MLP | None
    action_value_weight: float = eqx.field(static=True)
    weights: tuple[tuple[str, float], ...] = eqx.field(static=True)
    num_actions: int = eqx.field(static=True)
    hears_past: bool = eqx.field(static=True)
    heads_hear_past: bool = eqx.field(static=True)

    def __init__(
        self,
        observation_spec: Mapping[str, Spec],
        num_actions: int,
        *,
        memory: MemoryChoice = "hcam",
        sizes: ActorCriticSizes = ActorCriticSizes(),
        key: Key[Array, ""],
    ):
        """Draws the parameters.

        Args:
            observation_spec: one spec a modality.
            num_actions: how many actions there are.
            memory: see `make_memory`.
            sizes: of encoders and heads, and the self-supervision.
            key: for the parameters.
        """
        encoder_key, memory_key, policy_key, value_key, decoder_key, action_key = jax.random.split(key, 6)
        specs = sorted(observation_spec.items())
        keys = jax.random.split(encoder_key, len(specs))
        self.encoders = {n: make_encoder(s, sizes.encoders, key=k) for (n, s), k in zip(specs, keys, strict=True)}
        input_size = sum(encoder.output_size for encoder in self.encoders.values())
        input_size += past_size(num_actions) if sizes.hears_past else 0
        self.memory = make_memory(memory, input_size, key=memory_key)
        size = self.memory.output_size
        heard = size + (past_size(num_actions) if sizes.heads_hear_past else 0)
        self.policy = MLP((heard, sizes.hidden, num_actions), key=policy_key, last_init="small")
        self.value = MLP((heard, sizes.hidden, 1), key=value_key)
        weights = asdict(sizes.weights) if sizes.reconstruction else {}
        decoded = [(name, spec) for name, spec in specs if weights.get(name, 0.0) > 0.0]
        keys = jax.random.split(decoder_key, max(len(decoded), 1))
        self.decoders = {
            n: make_decoder(s, size, sizes.encoders, key=k) for (n, s), k in zip(decoded, keys, strict=False)
        }
        self.weights = tuple((name, weights[name]) for name, _ in decoded)
        self.action_value_weight = sizes.action_value
        self.action_value = MLP((size, sizes.hidden, num_actions), key=action_key) if sizes.action_value else None
        self.num_actions, self.hears_past, self.heads_hear_past = num_actions, sizes.hears_past, sizes.heads_hear_past

    def init_state(self) -> S:
        """An empty memory."""
        return self.memory.init_state()

    def refresh(self, state: S) -> S:
        """Refreshes the memory."""
        return self.memory.refresh(state)

    def step(
        self, state: S, inp: AgentInput, *, key: Key[Array, ""], greedy: bool | Bool[Array, ""] = False
    ) -> tuple[S, Int[Array, ""], AgentOutput]:
        """Samples an action from the policy."""
        state, h = self.memory.step(state, self.embed(inp), inp.first)
        output = self._output(h, inp)
        return state, choose(key, output.logits, greedy), output

    def unroll(
        self, state: S | None, inps: AgentInput, actions: Int[Array, " t"], keys: Key[Array, " n"]
    ) -> tuple[S, AgentOutput]:
        """Encodes and decodes all steps at once; the policy's sampling leaves no trace, so keys are not needed."""
        del actions, keys
        xs = self.embed(inps)
        _, hs = self.memory.unroll(state, xs, inps.first)
        state, _ = self.memory.unroll(state, xs[:-1], inps.first[:-1])  # whichever is not used is not computed
        return state, self._output(hs, inps)

    def recall(self, state: S, inp: AgentInput, *, key: Key[Array, ""]) -> Recall:
        """What the memory attends to; the key is not needed."""
        del key
        return self.memory.recall(state, self.embed(inp), inp.first)

    def auxiliary_losses(
        self,
        inps: AgentInput,
        outs: AgentOutput,
        actions: Int[Array, " t"],
        returns: Float[Array, " t"],
        acted: Float[Array, " t"],
    ) -> dict[str, Float[Array, " t"]]:
        """The weighted terms of the first T steps: `reconstruct_<modality>`, and `action_value` if it counts."""
        steps = actions.shape[0]
        losses = {
            f"reconstruct_{name}": weight * self._reconstruct(name, inps.observation[name][:steps], outs, steps)
            for name, weight in self.weights
        }
        if self.action_value is not None:
            told = jnp.take_along_axis(self.action_value(outs.auxiliary[:steps]), actions[:, None], axis=-1)[:, 0]
            losses["action_value"] = self.action_value_weight * 0.5 * acted * jnp.square(returns - told)
        return losses

    def features(self, outs: AgentOutput) -> Float[Array, "t h"]:
        """The memory's outputs."""
        return outs.auxiliary[:-1]

    def embed(self, inps: AgentInput) -> Float[Array, "*t d"]:
        """The memory's input, over any leading axes; at `first` there was no action and no reward."""
        features = [encoder(inps.observation[name]) for name, encoder in self.encoders.items()]
        return self._beside_past(jnp.concatenate(features, axis=-1), inps, self.hears_past)

    def _output(self, h: Float[Array, "*t h"], inps: AgentInput) -> AgentOutput:
        heard = self._beside_past(h, inps, self.heads_hear_past)
        return AgentOutput(logits=self.policy(heard), value=self.value(heard)[..., 0], auxiliary=h)

    def _beside_past(self, x: Float[Array, "*t d"], inps: AgentInput, heard: bool) -> Float[Array, "*t e"]:
        return jnp.concatenate([x, past_features(inps, self.num_actions)], axis=-1) if heard else x

    def _reconstruct(self, name: str, observation: Array, outs: AgentOutput, steps: int) -> Float[Array, " t"]:
        decoder = self.decoders[name]
        return decoder.loss(decoder(outs.auxiliary[:steps]), observation)
