"""HCAM in a training loop of your own: supervised, no agent and no trainer. It learns to repeat a
cue.
"""

import equinox as eqx
import jax
import jax.numpy as jnp
import optax

from engrax.memory import HCAM, HCAMSizes

CUES, STEPS, STREAMS = 4, 20, 64


class Model(eqx.Module):
    """HCAM and a linear map to one logit a cue."""

    memory: HCAM
    head: eqx.nn.Linear

    def __init__(self, key):
        memory_key, head_key = jax.random.split(key)
        sizes = HCAMSizes(width=32, num_layers=1, chunk_size=4, num_chunks=4, window=4, mlp_size=32)
        self.memory = HCAM(CUES, sizes, key=memory_key)
        self.head = eqx.nn.Linear(sizes.width, CUES, key=head_key)

    def __call__(self, xs, firsts):
        """Logits at the last step of a sequence [t, cues], from an empty memory."""
        _, output = self.memory.unroll(None, xs, firsts)
        return self.head(output.h[-1])


def batch(key):
    """Sequences that show a cue at the first step and nothing after it, and the cues."""
    cues = jax.random.randint(key, (STREAMS,), 0, CUES)
    xs = jnp.zeros((STREAMS, STEPS, CUES)).at[:, 0].set(jax.nn.one_hot(cues, CUES))
    firsts = jnp.zeros((STREAMS, STEPS), bool).at[:, 0].set(True)
    return xs, firsts, cues


def loss(model, xs, firsts, cues):
    """Softmax cross-entropy at the last step."""
    logits = jax.vmap(model)(xs, firsts)
    return jnp.mean(optax.softmax_cross_entropy_with_integer_labels(logits, cues))


def main(steps: int = 200):
    """Trains with Adam; the loss falls from log 4 towards 0."""
    model, adam = Model(jax.random.key(0)), optax.adam(1e-2)
    state = adam.init(eqx.filter(model, eqx.is_inexact_array))

    @eqx.filter_jit
    def step(model, state, key):
        value, gradient = eqx.filter_value_and_grad(loss)(model, *batch(key))
        updates, state = adam.update(gradient, state)
        return eqx.apply_updates(model, updates), state, value

    for number, key in enumerate(jax.random.split(jax.random.key(1), steps)):
        model, state, value = step(model, state, key)
        if number % 50 == 49:
            print(f"step {number + 1}: loss {value:.3f}")


if __name__ == "__main__":
    main()
