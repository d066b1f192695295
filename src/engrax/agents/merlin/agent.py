"""MERLIN: a predictor that learns what to store by predicting, and a policy that reads what is stored."""

from collections.abc import Mapping
from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int, Key, PyTree

from engrax.agents.base import AbstractAgent, choose
from engrax.agents.merlin.core import Aftermath, Core, CoreState, Thought
from engrax.agents.merlin.senses import Senses
from engrax.agents.merlin.sizes import MERLINSizes
from engrax.losses.variational import gaussian_divergence
from engrax.memory.retroactive import RetroactiveMemory, recalled
from engrax.nn.linear import MLP
from engrax.types import AgentInput, AgentOutput, Recall, Spec

POLICY = "policy"
"""The parameter group of the policy; all other parameters are of the group `agent`."""


class Mind(NamedTuple):
    """What MERLIN puts out besides logits and value: its thoughts, and what it made of its actions ([T] of them)."""

    thought: Thought
    aftermath: Aftermath | None


class MERLIN(AbstractAgent[CoreState]):
    """Memory, reinforcement learning and inference network.

    A predictor, which is a sequential variational autoencoder over all senses with a memory, and which predicts the
    return, shapes z; z is written into the memory; the policy sees z and reads the memory, and nothing flows from it
    into the predictor. The bound to be minimised:

        KL(posterior_t || prior_t) + sum over senses of weight * -log p(sense_t | z_t)

    and the return R_t is predicted by V(z_t, log pi_t) and, with the action, by V + A(z_t, a_t):

        1/2 (R_t - V)^2  (the learner's value loss)  +  1/2 (R_t - stop(V) - A)^2

    Source: Wayne et al. 2018, arXiv 1803.10760, figure 1 and methods. Deviations: docs/agents/merlin.md.
    """

    senses: Senses
    core: Core
    policy: MLP
    value: MLP
    advantage: MLP
    sizes: MERLINSizes = eqx.field(static=True)
    num_actions: int = eqx.field(static=True)

    def __init__(
        self,
        observation_spec: Mapping[str, Spec],
        num_actions: int,
        *,
        store: RetroactiveMemory | None = None,
        sizes: MERLINSizes | None = None,
        key: Key[Array, ""],
    ):
        """Draws the parameters.

        Args:
            observation_spec: one spec a modality.
            num_actions: how many actions there are.
            store: where z is written; of 64 rows if not given.
            sizes: of everything else, weights, and ablations; `MERLINSizes()` if not given.
            key: for the parameters.

        Raises:
            ValueError: the store is of another width than z.
        """
        sizes = MERLINSizes() if sizes is None else sizes
        store = RetroactiveMemory(sizes.latent) if store is None else store
        if store.width != sizes.latent:
            raise ValueError(f"the store's width is {store.width}, expected {sizes.latent}: it holds z")
        keys = jax.random.split(key, 5)
        self.senses = Senses(observation_spec, num_actions, sizes, key=keys[0])
        self.core = Core(self.senses.size, num_actions, store, sizes, key=keys[1])
        z, hidden = sizes.latent, sizes.hidden
        features = z + self.core.policy.output_size + store.row_width
        self.policy = MLP((features, hidden, num_actions), key=keys[2], last_init="small")
        self.value = MLP((z + num_actions, hidden, 1), key=keys[3])
        self.advantage = MLP((z + num_actions, hidden, 1), key=keys[4])
        self.sizes, self.num_actions = sizes, num_actions

    def init_state(self) -> CoreState:
        """An empty memory, and nothing thought."""
        return self.core.init_state()

    def step(
        self, state: CoreState, inp: AgentInput, *, key: Key[Array, ""], greedy: bool | Bool[Array, ""] = False
    ) -> tuple[CoreState, Int[Array, ""], AgentOutput]:
        """Samples z, then an action from the policy."""
        noise_key, action_key = jax.random.split(key)
        state, thought = self._perceive(state, inp, noise_key)
        logits, value = self._judge(thought)
        action = choose(action_key, logits, greedy)
        state, _ = self.core.remember(state, thought.latent, action)
        return state, action, AgentOutput(logits, value, Mind(thought, None))

    def unroll(
        self, state: CoreState | None, inps: AgentInput, actions: Int[Array, " t"], keys: Key[Array, " n"]
    ) -> tuple[CoreState, AgentOutput]:
        """The recurrence in a scan; encoders before it and all heads after it, over all steps at once."""
        state = self.init_state() if state is None else state
        driven = self.core.inference.drive(self.senses.encode(inps))
        noises = jax.vmap(lambda key: self._noise(jax.random.split(key)[0]))(keys)

        def step(state: CoreState, now):
            driven, first, noise, action = now
            state, thought = self.core.perceive(state, driven, first, noise)
            state, aftermath = self.core.remember(state, thought.latent, action)
            return state, (thought, aftermath)

        acted = (driven[:-1], inps.first[:-1], noises[:-1], actions)
        state, (thoughts, aftermath) = jax.lax.scan(step, state, acted)
        _, final = self.core.perceive(state, driven[-1], inps.first[-1], noises[-1])
        thoughts = jax.tree.map(lambda all, one: jnp.concatenate([all, one[None]]), thoughts, final)
        return state, AgentOutput(*self._judge(thoughts), Mind(thoughts, aftermath))

    def recall(self, state: CoreState, inp: AgentInput, *, key: Key[Array, ""]) -> Recall:
        """The rows that the policy reads."""
        after, thought = self._perceive(state, inp, jax.random.split(key)[0])
        return recalled(after.store, thought.reading.weights)

    def auxiliary_losses(
        self,
        inps: AgentInput,
        outs: AgentOutput,
        actions: Int[Array, " t"],
        returns: Float[Array, " t"],
        acted: Float[Array, " t"],
    ) -> dict[str, Float[Array, " t"]]:
        """The weighted terms of the bound (`divergence`, `reconstruct_<sense>`), and that of `advantage`."""
        weights = {f"reconstruct_{name}": weight for name, weight in self.senses.weights}
        weights["divergence"] = self.sizes.weights.divergence
        losses = {name: weights[name] * cost for name, cost in self._bound(inps, outs, actions.shape[0]).items()}
        return losses | {"advantage": self.sizes.weights.advantage * acted * self._advantage(outs, actions, returns)}

    def metrics(self, inps: AgentInput, outs: AgentOutput, actions: Int[Array, " t"]) -> dict[str, Float[Array, " t"]]:
        """The bound in nats, and how predictor and policy read: strength of the keys, entropy over the rows."""
        thought, aftermath = outs.auxiliary
        bound = sum(self._bound(inps, outs, actions.shape[0]).values(), start=jnp.zeros(actions.shape))
        metrics = {"bound": bound}
        for name, reading in (("predictor", aftermath.reading), ("policy", thought.reading)):
            strengths, weights = (leaf[: actions.shape[0]] for leaf in reading)
            metrics[f"{name}_read_strength"] = jnp.mean(strengths, axis=-1)
            metrics[f"{name}_read_entropy"] = jnp.mean(_entropy(weights), axis=-1)
        return metrics

    def features(self, outs: AgentOutput) -> Float[Array, "t q"]:
        """[h, m] of the predictor."""
        return outs.auxiliary.aftermath.predictor_features

    def parameter_groups(self) -> PyTree[str]:
        """Policy (its LSTM, its read key and its MLP) and all else: two optimisers."""
        groups = super().parameter_groups()
        where = lambda agent: (agent.core.policy, agent.core.policy_head, agent.policy)  # noqa: E731
        return eqx.tree_at(where, groups, replace_fn=lambda part: jax.tree.map(lambda _: POLICY, part))

    def _perceive(self, state: CoreState, inp: AgentInput, key: Key[Array, ""]) -> tuple[CoreState, Thought]:
        driven = self.core.inference.drive(self.senses.encode(inp))
        return self.core.perceive(state, driven, inp.first, self._noise(key))

    def _noise(self, key: Key[Array, ""]) -> Float[Array, " z"]:
        return jax.random.normal(key, (self.sizes.latent,))

    def _judge(self, thought: Thought) -> tuple[Float[Array, "*t a"], Float[Array, "*t"]]:
        """Logits, and V, which hears the policy but does not shape it."""
        seen = self.core.for_policy(thought.latent)
        logits = self.policy(jnp.concatenate([seen, thought.policy_features], axis=-1))
        log_policy = jax.lax.stop_gradient(jax.nn.log_softmax(logits))
        return logits, self.value(jnp.concatenate([self._for_return(thought.latent), log_policy], axis=-1))[..., 0]

    def _for_return(self, z: Float[Array, "*t z"]) -> Float[Array, "*t z"]:
        return z if self.sizes.return_shapes_latent else jax.lax.stop_gradient(z)

    def _bound(self, inps: AgentInput, outs: AgentOutput, steps: int) -> dict[str, Float[Array, " t"]]:
        """The terms of the bound of the first T steps, in nats, unweighted."""
        thought: Thought = jax.tree.map(lambda leaf: leaf[:steps], outs.auxiliary.thought)
        sensed = jax.tree.map(lambda leaf: leaf[:steps], inps)
        terms = {"divergence": gaussian_divergence(thought.posterior, thought.prior)}
        if self.sizes.reconstruction:
            costs = self.senses.costs(thought.latent, sensed)
            terms |= {f"reconstruct_{name}": cost for name, cost in costs.items()}
        return terms

    def _advantage(self, outs: AgentOutput, actions: Int[Array, " t"], returns: Float[Array, " t"]):
        """Half the squared error of V + A."""
        z = self._for_return(outs.auxiliary.thought.latent[:-1])
        heard = jax.nn.one_hot(actions, self.num_actions)
        advantages = self.advantage(jnp.concatenate([z, heard], axis=-1))[..., 0]
        return 0.5 * jnp.square(returns - jax.lax.stop_gradient(outs.value[:-1]) - advantages)


def _entropy(weights: Float[Array, "*n k"]) -> Float[Array, "*n"]:
    """In nats; 0 where there are no weights."""
    return -jnp.sum(weights * jnp.log(jnp.where(weights > 0, weights, 1.0)), axis=-1)
