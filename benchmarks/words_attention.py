"""What an agent attends to in word learning: the share of each reader on the object asked for.

    python benchmarks/words_attention.py RUN [--distractors 2] [--episodes 64]

Episodes are played without mistakes. At every step of a test each reader's attention to the steps
at which the named object was taught is summed up; so is that to the other objects of its lesson.
Printed for tests right after their lesson, and for the last test of an episode: `asked` and
`lesson`, means over tests, and `asked` for those in which the agent's likeliest action is the right
one, and for the others.
"""

import argparse
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np

from engrax.envs import WordLearning
from engrax.runs.building import load_trained
from engrax.types import AgentInput

SHOW = 2


def main():
    arguments = parse()
    agent = load_trained(arguments.run).agent
    task = WordLearning((arguments.distractors,), reach=1, show=SHOW)
    length = (arguments.distractors + 1) * (3 * SHOW + 2)
    keys = jax.random.split(jax.random.key(arguments.seed), arguments.episodes)
    played = jax.jit(jax.vmap(partial(followed, agent, task, length)))(keys)
    readers = agent.recall(agent.init_state(), an_input(task), key=keys[0]).readers
    tests = {"test after its lesson": [], "last test": []}
    for episode in range(arguments.episodes):
        for found in judged(jax.tree.map(lambda leaf, n=episode: np.asarray(leaf[n]), played)):
            tests["last test" if found[0] else "test after its lesson"].append(found[1:])
    for name, found in tests.items():
        if found:
            report(name, readers, *map(np.stack, zip(*found, strict=True)))


def followed(agent, task, length, key):
    """The steps of an episode without mistakes, and what the agent recalls and prefers at each."""
    nothing = jnp.int32(0), jnp.float32(0)

    def step(carry, key):
        env, now, memory = carry
        inp = AgentInput(now.observation, *nothing, now.first)
        recall = agent.recall(memory, inp, key=key)
        memory, _, out = agent.step(memory, inp, key=key)
        right = env.homes[env.asked]
        facts = now.effective, now.info["lesson"], env.asked
        told = *facts, jnp.argmax(out.policy.logits) == right, recall.weights, recall.steps_ago
        return (*task.step(env, right, key), memory), told

    opening = *task.reset(key), agent.init_state()
    return jax.lax.scan(step, opening, jax.random.split(key, length))[1]


def an_input(task):
    """Any input of the task, to ask for the names of readers."""
    now = task.reset(jax.random.key(0))[1]
    return AgentInput(now.observation, jnp.int32(0), jnp.float32(0), now.first)


def judged(played):
    """For every step of a test: whether it is the last, the shares, and whether it is right."""
    testing, lesson, asked, right, weights, steps_ago = played
    final = np.flatnonzero(testing)[-1]
    for time in np.flatnonzero(testing):
        taught = np.flatnonzero((lesson == lesson[time]) & ~testing)[: 3 * SHOW]
        then = time - steps_ago[time]
        named = taught[SHOW * asked[time] : SHOW * (asked[time] + 1)]
        shares = [weights[time] @ np.isin(then, steps) for steps in (named, taught)]
        yield time == final, *shares, right[time]


def report(name, readers, asked, lesson, right):
    """Prints the means over tests."""
    print(f"{name}: {len(right)} of them, right {right.mean():.3f}")
    print(f"{'':<20}{'asked':>8}{'lesson':>8}{'if right':>10}{'if wrong':>10}")
    for number, reader in enumerate(readers):
        if_right, if_wrong = (
            asked[kind, number].mean() if kind.any() else np.nan for kind in (right, ~right)
        )
        shares = f"{asked[:, number].mean():>8.3f}{lesson[:, number].mean():>8.3f}"
        print(f"{reader:<20}{shares}{if_right:>10.3f}{if_wrong:>10.3f}")


def parse():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("run", help="a run or a published result of word learning")
    parser.add_argument("--distractors", type=int, default=2, help="lessons in between")
    parser.add_argument("--episodes", type=int, default=64)
    parser.add_argument("--seed", type=int, default=5)
    return parser.parse_args()


if __name__ == "__main__":
    main()
