"""How fast memorax learns, with its own PPO, networks and environments: a line of JSON.

    python benchmarks/peer_memorax.py lstm|gtrxl [--rounds 5] [--expansion 2]

To be run by a Python in which memorax 1.0.1 and gymnax 0.0.9 are installed, and engrax need not be;
`benchmarks/peers.py` does. The setting is that of `benchmarks/memories.py`: 64 streams of 128
steps, 4 epochs of 4 minibatches, memories 64 wide. memorax trains two networks, an actor and a
critic, each with a memory of its own.
"""

import argparse
import json
import time

import flax.linen as nn
import jax
import jax.numpy as jnp
import optax
from memorax.algorithms import PPO, PPOConfig
from memorax.environments import environment
from memorax.networks import (
    FFN,
    MLP,
    RNN,
    ALiBi,
    FeatureExtractor,
    GatedResidual,
    Network,
    PreNorm,
    SegmentRecurrence,
    SelfAttention,
    Stack,
    heads,
)

STREAMS, STEPS, WIDTH, HEADS, LAYERS = 64, 128, 64, 4, 2


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("memory", choices=["lstm", "gtrxl"])
    parser.add_argument("--rounds", type=int, default=5, help="updates, the quickest counts (5)")
    text = "hidden units of the gated Transformer-XL's feed-forward part, in widths (2)"
    parser.add_argument("--expansion", type=int, default=2, help=text)
    arguments = parser.parse_args()
    agent = agent_with(torso(arguments.memory, arguments.expansion))
    key, state = agent.init(jax.random.key(0))
    steps, seconds = STREAMS * STEPS, []
    for _ in range(arguments.rounds + 1):
        started = time.process_time()
        key, state, _ = jax.block_until_ready(agent.train(key, state, num_steps=steps))
        seconds.append(time.process_time() - started)
    print(json.dumps({"steps_per_cpu_second": round(steps / min(seconds[1:]))}))


def torso(memory: str, expansion: int):
    """The part of a network that remembers."""
    if memory == "lstm":
        return RNN(nn.OptimizedLSTMCell(WIDTH))
    attention = SelfAttention(
        WIDTH, HEADS, context_length=STEPS, dtype=None, param_dtype=jnp.float32,
        kernel_init=nn.initializers.lecun_normal(), bias_init=nn.initializers.zeros_init(),
        positional_embedding=ALiBi(HEADS),
    )  # fmt: skip
    recurrence = SegmentRecurrence(attention, memory_length=WIDTH, features=WIDTH)
    feed_forward = FFN(features=WIDTH, expansion_factor=expansion)
    block = (GatedResidual(PreNorm(recurrence)), GatedResidual(PreNorm(feed_forward)))
    return Stack(blocks=block * LAYERS)


def agent_with(memory) -> PPO:
    """memorax's PPO on a memory task of gymnax."""
    task, parameters = environment.make("gymnax::MemoryChain-bsuite")
    config = PPOConfig(
        name="peer", num_envs=STREAMS, num_eval_envs=1, num_steps=STEPS, gamma=0.99,
        gae_lambda=0.95, num_minibatches=4, update_epochs=4, normalize_advantage=True,
        clip_coef=0.2, clip_vloss=True, ent_coef=0.01, vf_coef=0.5,
    )  # fmt: skip
    features = FeatureExtractor(observation_extractor=MLP(features=(WIDTH,)))
    actions = task.action_space(parameters).n
    actor = Network(features, memory, heads.Categorical(actions))
    critic = Network(features, memory, heads.VNetwork())
    optimiser = optax.chain(optax.clip_by_global_norm(0.5), optax.adam(1e-3, eps=1e-5))
    return PPO(config, task, parameters, actor, critic, optimiser, optimiser)


if __name__ == "__main__":
    main()
