"""Word learning told the answers: which part of an agent learns, apart from rewards.

    python benchmarks/words_supervised.py [--named 3] [--attention 8] [--ask object] [--steps 500]

Batches of fresh episodes without distractors, played without mistakes. `--ask direction`: at every
step of a test the policy is told where the named object is, which needs both halves of the task, to
recall the object and to find it in the view. `--ask object`: a head on the memory's output is told
the object's colour and shape, which needs the first half alone. With `--named 1` there is one
object to recall. Chance is 1/3 for directions and 1/256 for objects.
"""

import argparse
import time
from dataclasses import replace
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import optax
from supervised import taught

from engrax.envs import WordLearning
from engrax.envs.grid.tables import COLOURS, SHAPES
from engrax.envs.word_learning import OBJECTS, look_of
from engrax.experiments.presets import PRESETS
from engrax.nn.linear import MLP
from engrax.types import AgentInput

BETWEEN = 50  # gradient steps between lines


def main():
    arguments = parse()
    task = WordLearning((0,), reach=1, named=arguments.named)
    sizes = PRESETS["hcam-word-learning-laptop"].agent
    sizes = replace(sizes, spatial_attention=arguments.attention)
    agent_key, head_key = jax.random.split(jax.random.key(arguments.seed))
    agent = sizes.build(task.interface, key=agent_key)
    answers = len(COLOURS) + len(SHAPES)
    head = MLP((agent.memory.output_size, sizes.hidden, answers), key=head_key)
    judge_batch = partial(judge, task, arguments)
    started, recent = time.perf_counter(), []
    lessons = taught((agent, head), judge_batch, arguments.steps, rate=2e-3, seed=100)
    for number, (*_, right) in enumerate(lessons, 1):
        recent.append(right)
        if number % BETWEEN == 0:
            share, seconds = np.mean(recent[-BETWEEN // 2 :]), time.perf_counter() - started
            print(f"{number} steps  right {share:.3f}  {seconds:.0f} s", flush=True)


def judge(task, arguments, model, key):
    """The cross-entropy of the answers and the reconstruction; the share that is right."""
    agent, head = model
    keys = jax.random.split(key, arguments.batch)
    seen, directions, objects, asked = jax.vmap(lambda k: episodes(task, arguments.length, k))(keys)
    outs, auxiliary = jax.vmap(lambda one: replayed(agent, one))(seen)
    if arguments.ask == "direction":
        parts = [(outs.policy.logits, directions)]
    else:
        logits = jnp.split(head(outs.auxiliary.h), [len(COLOURS)], axis=-1)
        parts = list(zip(logits, objects, strict=True))
    entropy = sum(optax.softmax_cross_entropy_with_integer_labels(*part) for part in parts)
    right = jnp.stack([jnp.argmax(logits, axis=-1) == answer for logits, answer in parts])
    weights = asked.astype(jnp.float32) / jnp.sum(asked.astype(jnp.float32))
    share = jnp.sum(weights * jnp.all(right, axis=0).astype(jnp.float32))
    return jnp.sum(weights * entropy) + jnp.mean(auxiliary), share


def episodes(task, length, key):
    """Steps of episodes without mistakes: inputs, directions, objects, and where they are asked."""
    opening, key = jax.random.split(key)

    def step(carry, key):
        state, now = carry
        direction = state.homes[state.asked]
        shape, colour = look_of(state, OBJECTS * now.info["lesson"] + state.asked)
        nothing = jnp.int32(0), jnp.float32(0)
        given = AgentInput(now.observation, *nothing, now.first)
        told = given, direction, (colour, shape), now.effective
        return task.step(state, direction, key), told

    return jax.lax.scan(step, task.reset(opening), jax.random.split(key, length))[1]


def replayed(agent, inps):
    """An agent's outputs at every step, and the sum of its costs of reconstruction."""
    steps = inps.first.size
    nothing, keys = jnp.zeros(steps), jax.random.split(jax.random.key(0), steps)
    actions = jnp.zeros(steps, jnp.int32)
    outs = agent.unroll(None, inps, actions, keys)[1]
    costs = agent.auxiliary_losses(inps, outs, actions, nothing, nothing).values()
    return outs, sum(costs, start=nothing)


def parse():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--named", type=int, default=3, help="objects that a lesson teaches")
    parser.add_argument("--attention", type=int, default=8, help="heads over the view; 0: none")
    parser.add_argument("--ask", choices=["direction", "object"], default="direction")
    parser.add_argument("--steps", type=int, default=500, help="gradient steps")
    parser.add_argument("--batch", type=int, default=64, help="streams of a gradient step")
    parser.add_argument("--length", type=int, default=16, help="steps of a stream")
    parser.add_argument("--seed", type=int, default=0)
    return parser.parse_args()


if __name__ == "__main__":
    main()
