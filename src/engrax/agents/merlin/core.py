"""The recurrence of MERLIN: everything that a step needs from the previous step."""

from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Key

from engrax.agents.merlin.inference import (
    AbstractInference,
    FunctionInference,
    SampledInference,
)
from engrax.agents.merlin.sizes import MERLINSizes
from engrax.memory.retroactive import ReadHeads, RetroactiveMemory, RetroactiveState
from engrax.nn.distributions import DiagonalGaussian
from engrax.nn.gradients import without_gradient
from engrax.nn.recurrent import LSTMState, StackedLSTM
from engrax.nn.senses import action_code, code_size
from engrax.types import Action, Actions, Reads, tree_where

ACTION_SCALE = 8.0
"""Factor on the action's code: 1 among hundreds of inputs has little effect at first (choice)."""


class CoreState(NamedTuple):
    """What passes from step to step.

    Attributes:
        store: the memory's rows.
        predictor: the states of its LSTM's layers.
        policy: likewise.
        predictor_reads: m, the predictor's reads at the previous step.
        policy_reads: m~, the policy's read at the previous step.
    """

    store: RetroactiveState
    predictor: tuple[LSTMState, ...]
    policy: tuple[LSTMState, ...]
    predictor_reads: Float[Array, " m"]
    policy_reads: Float[Array, " r"]


class Percept(NamedTuple):
    """The result of one step's inference, before the action; over any leading axes.

    Attributes:
        latent: z, a sample of the posterior, if there is one.
        prior: of z; None where z is a function.
        posterior: likewise.
        recalled: m of the predictor, from the step before.
        policy_features: [h~, m~], inputs of the policy beside z.
        reading: how the policy read.
    """

    latent: Float[Array, "*t z"]
    prior: DiagonalGaussian | None
    posterior: DiagonalGaussian | None
    recalled: Float[Array, "*t m"]
    policy_features: Float[Array, "*t p"]
    reading: Reads


class PredictorOutput(NamedTuple):
    """The result of one step after the action: [h, m] of the predictor, and how it read; over any
    leading axes.
    """

    features: Float[Array, "*t q"]
    reading: Reads


class Core(eqx.Module):
    """Infers z from the observation, reads for the policy, receives the action, reads for the
    predictor, writes z.

    A step in the paper's order: `perceive` (prior, posterior, z, the policy's LSTM and its read),
    the action, then `remember` (the predictor's LSTM on [z, action, m], its reads, the write).
    Nothing flows from the policy into the
    predictor: what the policy sees of z, and what is written, is detached.

    Source: Wayne et al. 2018, arXiv 1803.10760, methods.
    """

    inference: AbstractInference
    predictor: StackedLSTM
    predictor_heads: ReadHeads
    policy: StackedLSTM
    policy_head: ReadHeads
    store: RetroactiveMemory = eqx.field(static=True)
    actions: Actions = eqx.field(static=True)
    policy_shapes_latent: bool = eqx.field(static=True)
    latent_in_key: bool = eqx.field(static=True)

    def __init__(self, senses: int, actions: Actions, sizes: MERLINSizes, *, key: Key[Array, ""]):
        """Args: width of e, the kind of action, the sizes, key."""
        keys = jax.random.split(key, 5)
        store = sizes.store.build(sizes.latent)
        row, width, layers, z = store.row_width, sizes.width, sizes.layers, sizes.latent
        self.predictor = StackedLSTM(
            z + code_size(actions) + sizes.heads * row, width, layers, key=keys[0]
        )
        self.policy = StackedLSTM(z + row, width, layers, key=keys[1])
        hidden = self.predictor.output_size
        self.predictor_heads = ReadHeads(hidden, sizes.heads, row, key=keys[2])
        self.policy_head = (
            policy_head(hidden, z, row, keys[3])
            if sizes.latent_in_key
            else ReadHeads(hidden, 1, row, key=keys[3])
        )
        infer = SampledInference if sizes.sampled else FunctionInference
        self.inference = infer(senses, hidden + sizes.heads * row, z, key=keys[4])
        self.store, self.actions = store, actions
        self.policy_shapes_latent, self.latent_in_key = (
            sizes.policy_shapes_latent,
            sizes.latent_in_key,
        )

    def init_state(self) -> CoreState:
        """An empty store, and zeros."""
        row = self.store.row_width
        reads, policy_reads = (
            jnp.zeros(heads * row, jnp.float32) for heads in (self.predictor_heads.heads, 1)
        )
        layers = self.predictor.init_state(), self.policy.init_state()
        return CoreState(self.store.init_state(), *layers, reads, policy_reads)

    def perceive(
        self,
        state: CoreState,
        driven: Float[Array, " g"],
        first: Bool[Array, ""],
        noise: Float[Array, " z"],
    ) -> tuple[CoreState, Percept]:
        """Everything up to the action.

        Args:
            state: after the step before.
            driven: the observation's part of the posterior.
            first: whether the state counts as empty.
            noise: standard normal, makes z of the posterior.

        Returns:
            The state with the policy's part updated, and the percept.
        """
        store = self.store.reset(state.store, first)
        state = tree_where(
            first, self.init_state()._replace(store=store), state._replace(store=store)
        )
        z, prior, posterior = self.inference(driven, context(state), noise)
        seen = self.for_policy(z)
        policy, hidden = self.policy.step(state.policy, jnp.concatenate([seen, state.policy_reads]))
        keys, strengths = self.policy_head(
            jnp.concatenate([hidden, seen]) if self.latent_in_key else hidden
        )
        reads, weights, store = self.store.read(state.store, keys, strengths)
        state = state._replace(store=store, policy=policy, policy_reads=reads.ravel())
        features = jnp.concatenate([hidden, reads.ravel()])
        reading = Reads(strengths, weights, store.ages)
        return state, Percept(z, prior, posterior, state.predictor_reads, features, reading)

    def remember(
        self, state: CoreState, z: Float[Array, " z"], action: Action
    ) -> tuple[CoreState, PredictorOutput]:
        """Everything after the action: the predictor's LSTM and its reads, then the write."""
        code = ACTION_SCALE * action_code(self.actions, action)
        predictor, hidden = self.predictor.step(
            state.predictor, jnp.concatenate([z, code, state.predictor_reads])
        )
        keys, strengths = self.predictor_heads(hidden)
        reads, weights, read = self.store.read(state.store, keys, strengths)
        store = self.store.write(read, without_gradient(z))
        state = CoreState(store, predictor, state.policy, reads.ravel(), state.policy_reads)
        reading = Reads(strengths, weights, read.ages)
        return state, PredictorOutput(context(state), reading)

    def for_policy(self, z: Float[Array, "*t z"]) -> Float[Array, "*t z"]:
        """z as an input of the policy: detached, unless the ablation is set."""
        return z if self.policy_shapes_latent else without_gradient(z)


def policy_head(hidden: int, latent: int, row: int, key: Key[Array, ""]) -> ReadHeads:
    """A read head on [h~, z] with a key that is initially z plus a small function of h~."""
    head = ReadHeads(hidden + latent, 1, row, key=key)
    weight = head.layer.weight.at[:, hidden:].set(jnp.eye(row + 1, latent, dtype=jnp.float32))
    return eqx.tree_at(lambda where: where.layer.weight, head, weight)


def context(state: CoreState) -> Float[Array, " c"]:
    """[h, m] of the predictor."""
    return jnp.concatenate([*(layer.hidden for layer in state.predictor), state.predictor_reads])
