"""MERLIN: a predictor that learns what to store by predicting, and a policy that reads what is
stored.
"""

from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int, Key, PyTree

from engrax.agents.base import check_input, choose, masked
from engrax.agents.merlin.core import Core, CoreState, Percept, PredictorOutput
from engrax.agents.merlin.senses import Senses
from engrax.agents.merlin.sizes import MERLINSizes
from engrax.agents.scaling import AbstractScaledAgent, Scales
from engrax.losses.variational import gaussian_divergence
from engrax.memory.retroactive import recalled
from engrax.nn.linear import MLP
from engrax.nn.policies import AbstractPolicy, make_policy, policy_size
from engrax.nn.senses import action_code, code_size
from engrax.types import (
    Action,
    Actions,
    AgentInput,
    AgentOutput,
    Interface,
    Observation,
    Reads,
    Recall,
    Spec,
)

POLICY = "policy"
"""The parameter group of the policy; all other parameters are of the group `agent`."""


class MERLINAuxiliary(NamedTuple):
    """MERLIN's auxiliary outputs: percepts and, after the action, outputs of the predictor."""

    percept: Percept
    predictor: PredictorOutput | None


class MERLIN(AbstractScaledAgent[CoreState]):
    """Memory, reinforcement learning and inference network.

    The predictor is a sequential variational autoencoder over all modalities, with a memory. It
    also predicts the return. It trains z, which is written into the memory. The policy receives z
    and reads the memory; no gradient flows from it into the predictor. The bound that is minimised:

        KL(posterior_t || prior_t) + sum over senses of weight * -log p(sense_t | z_t)

    and the return R_t is predicted by V(z_t, log pi_t) and, with the action, by V + A(z_t, a_t):

        1/2 (R_t - V)^2  (the learner's value loss)  +  1/2 (R_t - stop(V) - A)^2

    Source: Wayne et al. 2018, arXiv 1803.10760, figure 1 and methods. Deviations:
    docs/agents/merlin.md.
    """

    senses: Senses
    core: Core
    policy: MLP
    value: MLP
    advantage: MLP
    scales: Scales
    specs: tuple[tuple[str, Spec], ...] = eqx.field(static=True)
    actions: Actions = eqx.field(static=True)
    sizes: MERLINSizes = eqx.field(static=True)

    def __init__(
        self, interface: Interface, sizes: MERLINSizes | None = None, *, key: Key[Array, ""]
    ):
        """Draws the parameters.

        Args:
            interface: what the agent sees and does.
            sizes: of everything, the store included, weights, and ablations; `MERLINSizes()` if not
                given.
            key: for the parameters.

        Raises:
            ValueError: a kind of observation or action is not known.
        """
        sizes = MERLINSizes() if sizes is None else sizes
        actions, keys = interface.actions, jax.random.split(key, 5)
        self.specs, self.actions, self.sizes = (
            tuple(sorted(interface.observations.items())),
            actions,
            sizes,
        )
        self.scales = Scales(interface.seen, sizes.normalise)
        self.senses = Senses(interface, sizes, key=keys[0])
        self.core = Core(self.senses.size, actions, sizes, key=keys[1])
        z, hidden = sizes.latent, sizes.hidden
        features = z + self.core.policy.output_size + self.core.store.row_width
        self.policy = MLP((features, hidden, policy_size(actions)), key=keys[2], last_init="small")
        judged = z + policy_size(actions) + self._remembered
        self.value = MLP((judged, hidden, 1), key=keys[3])
        self.advantage = MLP((z + code_size(actions), hidden, 1), key=keys[4])

    @property
    def interface(self) -> Interface:
        """What the agent was made to see and do."""
        return Interface(dict(self.specs), self.actions)

    def init_state(self) -> CoreState:
        """An empty memory, and zeros."""
        return self.core.init_state()

    def step(
        self,
        state: CoreState,
        inp: AgentInput,
        *,
        key: Key[Array, ""],
        greedy: bool | Bool[Array, ""] = False,
    ) -> tuple[CoreState, Action, AgentOutput]:
        """Samples z, then an action from the policy."""
        check_input(inp)
        inp = self.scales.scaled(inp)
        noise_key, action_key = jax.random.split(key)
        state, percept = self._perceive(state, inp, noise_key)
        policy, value = self._heads(percept, inp)
        action = choose(action_key, policy, greedy)
        state, _ = self.core.remember(state, percept.latent, action)
        return state, action, AgentOutput(policy, value, MERLINAuxiliary(percept, None))

    def unroll(
        self, state: CoreState | None, inps: AgentInput, actions: Action, keys: Key[Array, " t"]
    ) -> tuple[CoreState, AgentOutput]:
        """The recurrence in a scan; encoders before it and all heads after it, over all steps at
        once.
        """
        state, inps = self.init_state() if state is None else state, self.scales.scaled(inps)
        driven = self.core.inference.drive(self.senses.encode(inps))
        noises = jax.vmap(lambda key: self._noise(jax.random.split(key)[0]))(keys)

        def step(state: CoreState, now):
            driven, first, noise, action = now
            state, percept = self.core.perceive(state, driven, first, noise)
            state, output = self.core.remember(state, percept.latent, action)
            return state, (percept, output)

        acted = (driven, inps.first, noises, actions)
        state, (percepts, outputs) = jax.lax.scan(step, state, acted)
        return state, AgentOutput(*self._heads(percepts, inps), MERLINAuxiliary(percepts, outputs))

    def recall(self, state: CoreState, inp: AgentInput, *, key: Key[Array, ""]) -> Recall:
        """The rows that the policy reads."""
        inp = self.scales.scaled(inp)
        after, percept = self._perceive(state, inp, jax.random.split(key)[0])
        return recalled(after.store, percept.reading.weights)

    @property
    def unit(self) -> str:
        """Rows."""
        return "row"

    def without(self, state: CoreState, unit: Int[Array, ""]) -> tuple["MERLIN", CoreState]:
        """The store without a row; what was read before stays."""
        return self, state._replace(store=self.core.store.without(state.store, unit))

    def usage(self, state: CoreState) -> Float[Array, " n"]:
        """The sum of all read weights of each row."""
        return state.store.usage

    def auxiliary_losses(
        self,
        inps: AgentInput,
        outs: AgentOutput,
        actions: Action,
        returns: Float[Array, " t"],
        effective: Float[Array, " t"],
    ) -> dict[str, Float[Array, " t"]]:
        """The weighted terms of the bound (`divergence`, `reconstruct_<sense>`), and that of
        `advantage`.
        """
        weights = {f"reconstruct_{name}": weight for name, weight in self.senses.weights}
        weights["divergence"] = self.sizes.weights.divergence
        losses = {name: weights[name] * cost for name, cost in self._bound(inps, outs).items()}
        return losses | {
            "advantage": self.sizes.weights.advantage
            * effective
            * self._advantage(outs, actions, returns)
        }

    def metrics(
        self, inps: AgentInput, outs: AgentOutput, actions: Action
    ) -> dict[str, Float[Array, " t"]]:
        """The bound in nats, and the read strengths and entropies of predictor and policy."""
        percept, predictor = outs.auxiliary
        bound = sum(
            self._bound(inps, outs).values(), start=jnp.zeros(actions.shape[0], jnp.float32)
        )
        metrics = {"bound": bound}
        for name, reading in (("predictor", predictor.reading), ("policy", percept.reading)):
            metrics[f"{name}_read_strength"] = jnp.mean(reading.strengths, axis=-1)
            metrics[f"{name}_read_entropy"] = jnp.mean(_entropy(reading.weights), axis=-1)
        return metrics

    def features(self, outs: AgentOutput) -> Float[Array, "t q"]:
        """[h, m] of the predictor."""
        return outs.auxiliary.predictor.features

    def recollected(self, outs: AgentOutput) -> Observation:
        """What z says of each observation: it is what is written into memory."""
        return self.senses.likeliest(outs.auxiliary.percept.latent)

    def reads(self, outs: AgentOutput) -> Reads:
        """By the policy's head, then the predictor's."""
        percept, predictor = outs.auxiliary
        readings = percept.reading, predictor.reading
        return Reads(
            jnp.concatenate([reading.strengths for reading in readings], axis=-1),
            jnp.concatenate([reading.weights for reading in readings], axis=-2),
            percept.reading.steps_ago,
        )

    def parameter_groups(self) -> PyTree[str]:
        """Two groups: the policy (its LSTM, read key and MLP), and everything else."""
        groups = super().parameter_groups()
        where = lambda agent: (agent.core.policy, agent.core.policy_head, agent.policy)  # noqa: E731
        return eqx.tree_at(
            where, groups, replace_fn=lambda part: jax.tree.map(lambda _: POLICY, part)
        )

    def _perceive(
        self, state: CoreState, inp: AgentInput, key: Key[Array, ""]
    ) -> tuple[CoreState, Percept]:
        driven = self.core.inference.drive(self.senses.encode(inp))
        return self.core.perceive(state, driven, inp.first, self._noise(key))

    def _noise(self, key: Key[Array, ""]) -> Float[Array, " z"]:
        return jax.random.normal(key, (self.sizes.latent,), jnp.float32)

    def _heads(
        self, percept: Percept, inps: AgentInput
    ) -> tuple[AbstractPolicy, Float[Array, "*t"]]:
        """The policy, and V, whose input is the policy's parameters too, before a mask and without
        a gradient into them.
        """
        z = self.core.for_policy(percept.latent)
        outputs = self.policy(jnp.concatenate([z, percept.policy_features], axis=-1))
        policy = make_policy(self.actions, outputs)
        judged = [self._for_return(percept.latent), jax.lax.stop_gradient(policy.features())]
        if self.sizes.memory_in_value:
            judged.append(self._for_return(percept.recalled))
        value = self.value(jnp.concatenate(judged, axis=-1))[..., 0]
        return masked(policy, self.interface, inps), value

    @property
    def _remembered(self) -> int:
        """The width of what V receives beside z and the policy."""
        heads, row = self.core.predictor_heads.heads, self.core.store.row_width
        return heads * row if self.sizes.memory_in_value else 0

    def _for_return(self, z: Float[Array, "*t z"]) -> Float[Array, "*t z"]:
        return z if self.sizes.return_shapes_latent else jax.lax.stop_gradient(z)

    def _bound(self, inps: AgentInput, outs: AgentOutput) -> dict[str, Float[Array, " t"]]:
        """The terms of the bound, in nats, unweighted."""
        percept, inps = outs.auxiliary.percept, self.scales.scaled(inps)
        terms = {}
        if percept.posterior is not None and percept.prior is not None:
            terms["divergence"] = gaussian_divergence(percept.posterior, percept.prior)
        if self.sizes.reconstruction:
            costs = self.senses.costs(percept.latent, inps)
            terms |= {f"reconstruct_{name}": cost for name, cost in costs.items()}
        return terms

    def _advantage(self, outs: AgentOutput, actions: Action, returns: Float[Array, " t"]):
        """Half the squared error of V + A."""
        z = self._for_return(outs.auxiliary.percept.latent)
        code = action_code(self.actions, actions)
        advantages = self.advantage(jnp.concatenate([z, code], axis=-1))[..., 0]
        return 0.5 * jnp.square(returns - jax.lax.stop_gradient(outs.value) - advantages)


def _entropy(weights: Float[Array, "*n k"]) -> Float[Array, "*n"]:
    """In nats; 0 where there are no weights."""
    return -jnp.sum(weights * jnp.log(jnp.where(weights > 0, weights, 1.0)), axis=-1)
