"""What an agent learns of Ballet with the right answer as a label: a probe of encoders and memory
without rewards.

    python benchmarks/ballet_supervised.py hcam-ballet-laptop [--any.setting VALUE ...] [--episodes
        45000] [--rate 1e-3] [--batch 64] [--random-actions] [--rewarded 0.3] [--also num_dancers=4
        dance_delay=48]

The policy's logits at the first step of the choice phase are to name the direction in which the
target stands: softmax cross-entropy, Adam, whole fresh episodes. Guessing one of N dancers that are
there is right once in N. In minutes it says whether a change of encoder, memory or sizes is worth
hours of reinforcement learning. `--random-actions` makes the previous actions random, as those of a
policy that still explores are. `--rewarded` uses no labels: the policy draws one direction, is
rewarded if it is right, and learns by the policy gradient with that entropy cost, advantages
normalised over the batch: reinforcement learning of one decision. `--also` asks 1,000 questions
about each of some other levels in the end.
"""

import argparse
import sys
import time
from dataclasses import replace

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from supervised import taught

from engrax.algorithms.ppo import normalised
from engrax.envs.ballet.tables import HOMES
from engrax.envs.grid.tables import MOVES
from engrax.envs.grid.walk import CENTRE
from engrax.experiments.settings import override, split_settings
from engrax.losses.policy import policy_gradient
from engrax.runs.building import experiment_named
from engrax.runs.comparing import task_settings
from engrax.types import AgentInput

DIRECTIONS = np.asarray(
    [list(MOVES.values()).index(tuple(np.sign(np.asarray(home) - CENTRE))) for home in HOMES]
)
"""The action that leads to each home."""
REPORTS = 100


def main():
    arguments, experiment = parse()
    environment, agent = experiment.task, fresh(experiment, experiment.seed)
    how = {"random_actions": arguments.random_actions, "entropy_cost": arguments.rewarded}
    agent, _ = course(
        agent, environment, arguments.episodes, batch=arguments.batch, rate=arguments.rate, **how
    )
    for level in arguments.also:
        other = override(
            experiment, {f"task.{name}": value for name, value in task_settings(level).items()}
        )
        print(f"{level}: right {examined(agent, other.task):.3f}", flush=True)


def fresh(experiment, seed: int):
    """The agent of an experiment, with parameters drawn from a seed."""
    return experiment.build_agent(experiment.task.interface, jax.random.key(seed))


def course(agent, environment, episodes: int, *, batch: int = 64, **settings):
    """Trains, and prints the progress.

    Returns:
        The agent, and how often the likeliest direction was right, 100 batches by 100.
    """
    started, means, recent = time.perf_counter(), [], []
    for number, (after, *found) in enumerate(
        trained(agent, environment, episodes // batch, batch, **settings), 1
    ):
        agent = after
        recent.append(found)
        if number % REPORTS == 0:
            cost, right = np.mean(recent, axis=0)
            means.append(float(right))
            recent = []
            seconds = time.perf_counter() - started
            print(
                f"{number * batch:>8,} episodes  cost {cost:.3f}  right {right:.3f}  {seconds:.0f} "
                "s",
                flush=True,
            )
    return agent, means


def trained(
    agent, environment, batches: int, batch: int, *, rate: float = 1e-3,
    random_actions: bool = False, entropy_cost: float | None = None, seed: int = 5,
):  # fmt: skip
    """The agent, the cost, and how often the likeliest direction was right, one batch after the
    other.
    """

    def judge_batch(agent, key):
        keys = jax.random.split(key, batch)
        inputs, casts = jax.vmap(lambda key: watch(environment, key, random_actions))(keys)
        costs = (
            labelled if entropy_cost is None else rewarded(jax.random.fold_in(key, 1), entropy_cost)
        )
        return judge(agent, inputs, casts, costs)

    return taught(agent, judge_batch, batches, rate=rate, seed=seed)


def examined(agent, environment, batches: int = 4, batch: int = 250, seed: int = 9) -> float:
    """How often the likeliest direction is right, in fresh episodes."""

    @eqx.filter_jit
    def examine(agent, key):
        inputs, casts = jax.vmap(lambda key: watch(environment, key))(jax.random.split(key, batch))
        return judge(agent, inputs, casts, labelled)[1]

    keys = (jax.random.fold_in(jax.random.key(seed), number) for number in range(batches))
    return float(np.mean([examine(agent, key) for key in keys]))


def watch(environment, key, random_actions: bool = False):
    """The inputs of one episode up to the first step of the choice phase, and who danced what."""
    draw_key, action_key = jax.random.split(key)
    state, times = environment.draw(draw_key), jnp.arange(environment.choice_step + 1)
    steps = jax.vmap(lambda time: environment.observe(replace(state, step=time)))(times)
    actions = (
        jax.random.randint(action_key, times.shape, 0, environment.interface.actions.size)
        * random_actions
    )
    return AgentInput(steps.observation, actions, jnp.zeros(times.shape), steps.first), state.cast


def directions(cast):
    """The action that leads to each dancer."""
    return jnp.asarray(DIRECTIONS)[cast.homes]


def decide(agent, inputs):
    """The policy at the last step of an episode's inputs."""
    length = inputs.first.shape[0]
    keys, actions = jax.random.split(jax.random.key(0), length), jnp.zeros(length - 1, jnp.int32)
    policy = agent.unroll(None, inputs, actions, keys)[1].policy
    return jax.tree.map(lambda leaf: leaf[-1], policy)


def labelled(policies, answers):
    """The cost of the right directions."""
    return -jnp.mean(policies.log_probability(answers))


def rewarded(key, entropy_cost: float):
    """The policy gradient's cost of directions drawn with `key`."""

    def cost(policies, answers):
        chosen = policies.sample(key)
        rewards = (chosen == answers).astype(jnp.float32)
        advantages = normalised(rewards, jnp.ones_like(rewards))
        terms = policy_gradient(policies.log_probability(chosen), advantages)
        return jnp.mean(terms - entropy_cost * policies.entropy())

    return cost


def judge(agent, inputs, casts, costs):
    """The cost, and how often the likeliest direction is right."""
    policies = jax.vmap(lambda one: decide(agent, one))(inputs)
    answers = jax.vmap(lambda cast: directions(cast)[cast.target])(casts)
    return costs(policies, answers), jnp.mean(policies.mode() == answers)


def parse():
    own, settings = split_settings(
        sys.argv[1:],
        ("--episodes", "--rate", "--batch", "--random-actions", "--rewarded", "--also", "--help"),
    )
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("preset", help="of Ballet")
    parser.add_argument("--episodes", type=int, default=45_000)
    parser.add_argument("--rate", type=float, default=1e-3, help="Adam's (1e-3)")
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--random-actions", action="store_true")
    parser.add_argument(
        "--rewarded", type=float, metavar="ENTROPY_COST", help="reward one decision, no labels"
    )
    parser.add_argument(
        "--also", nargs="+", default=[], metavar="LEVEL", help="levels to be asked about in the end"
    )
    arguments = parser.parse_args(own)
    return arguments, experiment_named(arguments.preset, settings)


if __name__ == "__main__":
    main()
