"""The actor-critic: encoders, a memory, heads, and decoders."""

from typing import Any, TypeVar

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int, Key, PyTree

from engrax.agents.actor_critic.sizes import ActorCriticSizes
from engrax.agents.base import check_input, choose, masked
from engrax.agents.scaling import AbstractScaledAgent, Scales
from engrax.memory import (
    AbstractMemory,
    Layout,
    MemoryChoice,
    MemoryOutput,
    make_memory,
)
from engrax.nn.linear import MLP
from engrax.nn.policies import make_policy, policy_size
from engrax.nn.senses import (
    AbstractDecoder,
    AbstractEncoder,
    action_code,
    code_size,
    encode,
    make_decoders,
    make_encoders,
    make_parts,
    past_features,
    past_parts,
    past_size,
)
from engrax.nn.spatial_attention import SpatialAttention
from engrax.types import (
    Action,
    Actions,
    AgentInput,
    AgentOutput,
    Interface,
    Recall,
    Spec,
    nothing_recalled,
)

S = TypeVar("S")


def key_for_memory(key: Key[Array, ""]) -> Key[Array, ""]:
    """The memory's key in a step; the step's own key samples the action."""
    return jax.random.fold_in(key, 1)


def checked(returned: tuple[S, Any]) -> tuple[S, MemoryOutput]:
    """What a memory returned.

    Raises:
        TypeError: it is no state and `MemoryOutput`; the message shows what to return.
    """
    if not isinstance(returned[1], MemoryOutput):
        raise TypeError(
            f"a memory returned a {type(returned[1]).__name__} beside its state, expected a "
            "MemoryOutput: return state, MemoryOutput(h), see engrax.memory"
        )
    return returned


class ActorCritic(AbstractScaledAgent[S]):
    """Encoders, a memory, heads for policy and value, and decoders that reconstruct the present
    observation.

    Features of all parts of the observation and, if settings say so, the previous action (its code,
    and whether there was none) and the previous reward are concatenated into the memory's input;
    all heads read the memory's output. Policy and value may have the previous action and reward as
    inputs themselves.

    Source: Lampinen et al. 2021, arXiv 2105.14039, section 3: encoders, self-supervision of the
    memory's output by reconstruction. Previous action and reward as inputs are a choice.
    """

    encoders: dict[str, AbstractEncoder]
    memory: AbstractMemory[S]
    attention: dict[str, SpatialAttention]
    policy: MLP
    value: MLP
    decoders: dict[str, AbstractDecoder]
    action_value: MLP | None
    scales: Scales
    specs: tuple[tuple[str, Spec], ...] = eqx.field(static=True)
    actions: Actions = eqx.field(static=True)
    sizes: ActorCriticSizes = eqx.field(static=True)

    def __init__(
        self,
        interface: Interface,
        sizes: ActorCriticSizes | None = None,
        *,
        memory: MemoryChoice | None = None,
        key: Key[Array, ""],
    ):
        """Draws the parameters.

        Args:
            interface: what the agent sees and does.
            sizes: of memory, encoders and heads, and the self-supervision; `ActorCriticSizes()` if
                not given.
            memory: another memory than that of the sizes: the name of one, its settings,
                `memory(layout, key=key)` that makes one, or one that is made.
            key: for the parameters.

        Raises:
            ValueError: a kind of observation or action is not known, or the memory is not, or does
                not fit.
        """
        sizes = ActorCriticSizes() if sizes is None else sizes
        encoder_key, memory_key, policy_key, value_key, decoder_key, action_key = jax.random.split(
            key, 6
        )
        specs, actions = dict(sorted(interface.seen.items())), interface.actions
        self.specs = tuple(sorted(interface.observations.items()))
        self.actions, self.sizes = actions, sizes
        self.scales = Scales(specs, sizes.normalise)
        self.encoders = make_encoders(specs, sizes.encoders, key=encoder_key)
        self.memory = make_memory(
            sizes.memory if memory is None else memory, self._layout(), key=memory_key
        )
        size, hidden = self.memory.output_size, sizes.hidden
        self.attention = self._make_attention(jax.random.fold_in(memory_key, 0))
        attended = sum(attention.output_size for attention in self.attention.values())
        heads = size + attended + past_size(actions) * sizes.past_in_heads
        self.policy = MLP((heads, hidden, policy_size(actions)), key=policy_key, last_init="small")
        self.value = MLP((heads, hidden, 1), key=value_key)
        decoded = {
            name: spec
            for name, spec in specs.items()
            if sizes.reconstruction and sizes.weights.of(spec) > 0.0
        }
        self.decoders = make_decoders(decoded, size, sizes.encoders, key=decoder_key)
        judged = size + code_size(actions)
        self.action_value = MLP((judged, hidden, 1), key=action_key) if sizes.action_value else None

    @property
    def interface(self) -> Interface:
        """The interface that the agent was made for."""
        return Interface(dict(self.specs), self.actions)

    def init_state(self) -> S:
        """An empty memory."""
        return self.memory.init_state()

    def pack(self, state: S) -> PyTree:
        """Packs the memory's state."""
        return self.memory.pack(state)

    def unpack(self, packed: PyTree) -> S:
        """Unpacks the memory's state."""
        return self.memory.unpack(packed)

    def step(
        self,
        state: S,
        inp: AgentInput,
        *,
        key: Key[Array, ""],
        greedy: bool | Bool[Array, ""] = False,
    ) -> tuple[S, Action, AgentOutput]:
        """Samples an action from the policy."""
        check_input(inp)
        inp = self.scales.scaled(inp)
        state, remembered = self._remember(state, inp, key)
        output = self._output(remembered, inp)
        return state, choose(key, output.policy, greedy), output

    def unroll(
        self, state: S | None, inps: AgentInput, actions: Action, keys: Key[Array, " t"]
    ) -> tuple[S, AgentOutput]:
        """Encodes and decodes all steps at once; the actions change no state."""
        del actions
        inps, keys = self.scales.scaled(inps), jax.vmap(key_for_memory)(keys)
        given = self.embed(inps), inps.first
        state, remembered = checked(self.memory.unroll(state, *given, keys=keys))
        return state, self._output(remembered, inps)

    def recall(self, state: S, inp: AgentInput, *, key: Key[Array, ""]) -> Recall:
        """What the memory attends to."""
        inp = self.scales.scaled(inp)
        return self._remember(state, inp, key)[1].recall or nothing_recalled()

    @property
    def unit(self) -> str | None:
        """What the memory can leave out."""
        return self.memory.unit

    def without(self, state: S, unit: Int[Array, ""]) -> tuple["ActorCritic[S]", S]:
        """Leaves out what the memory does."""
        memory, state = self.memory.without(state, unit)
        return eqx.tree_at(lambda agent: agent.memory, self, memory), state

    def usage(self, state: S) -> Float[Array, " n"] | None:
        """That of the memory's rows."""
        return self.memory.usage(state)

    def auxiliary_losses(
        self,
        inps: AgentInput,
        outs: AgentOutput,
        actions: Action,
        returns: Float[Array, " t"],
        effective: Float[Array, " t"],
    ) -> dict[str, Float[Array, " t"]]:
        """The weighted terms: `reconstruct_<part>`, `action_value` if it counts, and
        `memory_<name>` for each loss of the memory's own.
        """
        inps, hs, specs = self.scales.scaled(inps), outs.auxiliary.h, dict(self.specs)
        losses = {f"memory_{name}": loss for name, loss in outs.auxiliary.auxiliary.items()}
        for name, decoder in self.decoders.items():
            cost = decoder.loss(decoder(hs), inps.observation[name])
            losses[f"reconstruct_{name}"] = self.sizes.weights.of(specs[name]) * cost
        if self.action_value is not None:
            judged = jnp.concatenate([hs, action_code(self.actions, actions)], axis=-1)
            error = jnp.square(returns - self.action_value(judged)[..., 0])
            losses["action_value"] = self.sizes.action_value * 0.5 * effective * error
        return losses

    def features(self, outs: AgentOutput) -> Float[Array, "t h"]:
        """The memory's outputs."""
        return outs.auxiliary.h

    def embed(self, inps: AgentInput) -> Float[Array, "*t d"]:
        """The memory's input, over any leading axes, of inputs that are scaled; at `first` there
        was no action and no reward.
        """
        return self._with_past(
            encode(self.encoders, inps.observation), inps, self.sizes.past_in_memory
        )

    def _layout(self) -> Layout:
        """The parts of `embed`."""
        past = past_parts(self.actions) if self.sizes.past_in_memory else {}
        seen = {f"observation.{name}": one.output_size for name, one in self.encoders.items()}
        return Layout.of(seen | past)

    def _remember(self, state: S, inp: AgentInput, key: Key[Array, ""]) -> tuple[S, MemoryOutput]:
        given = self.embed(inp), inp.first
        return checked(self.memory.step(state, *given, key=key_for_memory(key)))

    def _make_attention(self, key: Key[Array, ""]) -> dict[str, SpatialAttention]:
        """Attention over each part of the observation that has places, if settings say so."""
        if self.sizes.spatial_attention == 0:
            return {}
        size, heads = self.memory.output_size, self.sizes.spatial_attention
        parts_key, attention_key = jax.random.split(key)
        parts = make_parts(dict(self.specs), self.sizes.encoders, key=parts_key)
        if not parts:
            raise ValueError(
                f"spatial_attention is {heads}, but the observation has no part with places, such "
                "as an image: set it to 0"
            )
        keys = jax.random.split(attention_key, len(parts))
        return {
            name: SpatialAttention(one, size, heads, key=keys[i])
            for i, (name, one) in enumerate(parts.items())
        }

    def _output(self, remembered: MemoryOutput, inps: AgentInput) -> AgentOutput:
        attended = (
            attention(remembered.h, inps.observation[name])
            for name, attention in self.attention.items()
        )
        x = jnp.concatenate([remembered.h, *attended], axis=-1)
        x = self._with_past(x, inps, self.sizes.past_in_heads)
        policy = masked(make_policy(self.actions, self.policy(x)), self.interface, inps)
        value = self.value(x)[..., 0]
        return AgentOutput(policy, value, auxiliary=remembered._replace(recall=None))

    def _with_past(
        self, x: Float[Array, "*t d"], inps: AgentInput, wanted: bool
    ) -> Float[Array, "*t e"]:
        return jnp.concatenate([x, past_features(inps, self.actions)], axis=-1) if wanted else x
