"""A small agent that keeps the contract, with bugs to be switched on by name."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int, Key

from engrax.agents.base import AbstractAgent
from engrax.nn.policies import Categorical
from engrax.types import AgentInput, AgentOutput, Discrete, Interface, MaskSpec, VectorSpec

SIZE, NUM_ACTIONS = 3, 4
SPECS = {"vector": VectorSpec(SIZE), "possible": MaskSpec((NUM_ACTIONS,))}
INTERFACE = Interface(SPECS, Discrete(NUM_ACTIONS))


class TraceState(NamedTuple):
    trace: Float[Array, " h"]
    count: Int[Array, ""]


def cheap_noise(key: Key[Array, ""]) -> Float[Array, " 2"]:
    """Two numbers in 0..1 that depend on the key; it compiles in no time."""
    return (jax.random.key_data(key) % jnp.uint32(997)).astype(jnp.float32) / 997


class Tracer(AbstractAgent[TraceState]):
    """A decaying trace of observations, actions and rewards, with noise of its own.

    The action enters the state within the step that takes it. An auxiliary loss predicts the
    previous reward.
    """

    mix: Float[Array, "h d"]
    head: Float[Array, "a h"]
    bug: str = eqx.field(static=True)

    def __init__(self, *, bug: str = "", key: Key[Array, ""]):
        keys = jax.random.split(key)
        self.mix = 0.5 * jax.random.normal(keys[0], (5, SIZE + NUM_ACTIONS + 2))
        self.head = jax.random.normal(keys[1], (NUM_ACTIONS + 2, 5))
        self.bug = bug

    @property
    def interface(self) -> Interface:
        return INTERFACE

    def init_state(self) -> TraceState:
        return TraceState(jnp.zeros((5,)), jnp.zeros((), jnp.int32))

    def _features(self, inp: AgentInput) -> Float[Array, " d"]:
        known = 1.0 - inp.first.astype(jnp.float32)
        action = jax.nn.one_hot(inp.previous_action, NUM_ACTIONS)
        action = action if self.bug == "previous action leaks" else action * known
        reward = inp.previous_reward
        reward = reward if self.bug == "previous reward leaks" else reward * known
        return jnp.concatenate([inp.observation["vector"], action, reward[None], jnp.ones((1,))])

    def _advance(
        self, state: TraceState, inp: AgentInput, key: Key[Array, ""]
    ) -> tuple[TraceState, AgentOutput]:
        first = inp.first & (self.bug != "state leaks")
        trace = jnp.where(first, 0.0, state.trace)
        trace = jnp.tanh(0.9 * trace + self.mix @ self._features(inp) + 0.1 * cheap_noise(key)[0])
        out = self.head @ trace
        count = jnp.where(first, 0, state.count) + 1
        policy = Categorical(out[:NUM_ACTIONS])
        if self.bug != "mask ignored" and "possible" in inp.observation:
            policy = policy.masked(inp.observation["possible"])
        output = AgentOutput(policy, out[-2], {"reward": out[-1]})
        return TraceState(trace, count), output

    def _remember(self, state: TraceState, action: Int[Array, ""]) -> TraceState:
        return state._replace(trace=state.trace + 0.2 * self.head[action])

    def step(
        self,
        state: TraceState,
        inp: AgentInput,
        *,
        key: Key[Array, ""],
        greedy: bool | Bool[Array, ""] = False,
    ) -> tuple[TraceState, Int[Array, ""], AgentOutput]:
        state, out = self._advance(state, inp, key)
        favourite = jax.nn.one_hot(
            (cheap_noise(key)[1] * NUM_ACTIONS).astype(jnp.int32), NUM_ACTIONS
        )
        sampled = Categorical(out.policy.features() + 3 * favourite).mode()
        greedily = greedy & (self.bug != "greedy ignored")
        action = jnp.where(greedily, out.policy.mode(), sampled)
        remembered = sampled if self.bug == "another action in the state" else action
        action = action + 1 if self.bug == "action out of range" else action
        return self._remember(state, remembered), action, out

    def unroll(
        self,
        state: TraceState | None,
        inps: AgentInput,
        actions: Int[Array, " t"],
        keys: Key[Array, " t"],
    ) -> tuple[TraceState, AgentOutput]:
        forgets = state is None or self.bug == "unroll forgets the state"
        state = self.init_state() if forgets else state
        keys = jnp.roll(keys, 1) if self.bug == "keys shifted" else keys

        def advance(state: TraceState, now: Any) -> tuple[TraceState, Any]:
            inp, key, action = now
            before, out = self._advance(state, inp, key)
            return self._remember(before, action), (before, out)

        end, (before, outs) = jax.lax.scan(advance, state, (inps, keys, actions))
        if self.bug == "last action forgotten":
            return jax.tree.map(lambda leaf: leaf[-1], before), outs
        return (state if self.bug == "state before the segment" else end), outs

    def pack(self, state: TraceState) -> TraceState:
        halved = self.bug == "pack keeps half"
        return state._replace(trace=0.5 * state.trace) if halved else state

    def unpack(self, packed: TraceState) -> TraceState:
        changed = self.bug == "refresh changes numbers"
        return packed._replace(trace=1.01 * packed.trace) if changed else packed

    def auxiliary_losses(
        self,
        inps: AgentInput,
        outs: AgentOutput,
        actions: Int[Array, " t"],
        returns: Float[Array, " t"],
        effective: Float[Array, " t"],
    ) -> Mapping[str, Float[Array, " t"]]:
        del actions, returns, effective
        known = ~inps.first | (self.bug == "loss not masked")
        error = (outs.auxiliary["reward"] - inps.previous_reward) * known.astype(jnp.float32)
        return {"reward": jnp.square(error)}

    def metrics(
        self, inps: AgentInput, outs: AgentOutput, actions: Int[Array, " t"]
    ) -> Mapping[str, Float[Array, " t"]]:
        del inps, actions
        confidence = jnp.max(outs.policy.features(), axis=-1)
        return {"confidence": confidence[:-1] if self.bug == "metrics of T-1 steps" else confidence}

    def parameter_groups(self) -> Any:
        groups = jax.tree.map(lambda _: "agent", eqx.filter(self, eqx.is_inexact_array))
        return jax.tree.leaves(groups) if self.bug == "groups not like parameters" else groups
