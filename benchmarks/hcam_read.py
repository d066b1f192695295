"""What it saves to attend to remembered vectors themselves, instead of to their projections.

    python benchmarks/hcam_read.py [--json] [--batch 16] [--width 256] [--heads 8] [--chunk-size 32]
    [--top-k 8]

Two measurements, each of many steps inside one compiled scan, best of several runs:

* the read of an acting step against the plain definition, which gathers the k chunks and projects
  their rows; both must give the same numbers to 1e-5;
* the whole step of a one-layer HCAM memory, write included, with few and with many chunks to choose
  from.
"""

import argparse
import json
import time

import jax
import jax.numpy as jnp

from engrax.memory import HCAM, HCAMSizes
from engrax.memory.hcam import HierarchicalRead
from engrax.memory.hcam.chunks import Chunks
from engrax.nn.linear import apply
from engrax.nn.positions import age_code

REPETITIONS = 7
READS, STEPS = 20, 100
FEW, SOME, MANY = 8, 32, 512


def main():
    arguments = parse()
    ours, plain, difference = reads(arguments)
    few, many = (whole_step(arguments, num_chunks) for num_chunks in (FEW, MANY))
    result = {
        "read_microseconds": 1e6 * ours,
        "plain_read_microseconds": 1e6 * plain,
        "speed_up": plain / ours,
        "largest_difference": difference,
        f"step_{FEW}_chunks_microseconds": 1e6 * few,
        f"step_{MANY}_chunks_microseconds": 1e6 * many,
        "step_ratio": many / few,
    }
    result = {name: float(f"{value:.4g}") for name, value in result.items()}
    if arguments.json:
        print(json.dumps(result))
        return
    print(
        f"batch {arguments.batch}, width {arguments.width}, {arguments.heads} heads, chunks of "
        f"{arguments.chunk_size}"
    )
    for name, value in result.items():
        print(f"{name.replace('_', ' '):<32}{value:>12,.4g}")


def parse():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", action="store_true", help="print one line of JSON")
    parser.add_argument("--batch", type=int, default=16, help="streams that step together")
    parser.add_argument("--width", type=int, default=256)
    parser.add_argument("--heads", type=int, default=8)
    parser.add_argument("--chunk-size", type=int, default=32)
    parser.add_argument("--top-k", type=int, default=8)
    return parser.parse_args()


def reads(arguments):
    """Seconds of a read of a batch and of a plain one, and the largest difference between the
    two.
    """
    size, keys = arguments.width, jax.random.split(jax.random.key(0), 3)
    attention = HierarchicalRead(size, size, arguments.heads, arguments.top_k, key=keys[0])
    contents = jax.random.normal(keys[1], (arguments.batch, SOME, arguments.chunk_size, size))
    queries = jax.random.normal(keys[2], (READS, arguments.batch, size))
    valid = jnp.ones((arguments.batch, SOME), bool)
    means = jnp.mean(contents, axis=2)

    def ours(query):
        read = lambda q, c, m, v: attention.read(q, Chunks((c,), m), v).output  # noqa: E731
        return jax.vmap(read)(query, contents, means, valid)

    def plain(query):
        return jax.vmap(lambda q, c: plain_read(attention, q, c))(query, contents)

    results, seconds = [], []
    for read in (ours, plain):
        loop = jax.jit(lambda queries, read=read: jax.lax.map(read, queries))
        results.append(loop(queries))
        seconds.append(best(lambda loop=loop: loop(queries)) / READS)
    return *seconds, float(jnp.abs(results[0] - results[1]).max())


def plain_read(attention, query, contents):
    """The definition, word for word: summaries, relevance, the top k, and attention in each to rows
    projected now.
    """
    size = contents.shape[-1]
    keys = apply(attention.relevance_key, jnp.mean(contents, axis=1))
    relevance, chosen = jax.lax.top_k(
        keys @ apply(attention.relevance_query, query) / size**0.5, attention.top_k
    )
    rows = contents[chosen] + age_code(contents.shape[1], size)[None]
    heads = lambda x: x.reshape(*x.shape[:-1], attention.num_heads, -1)  # noqa: E731
    scores = jnp.einsum(
        "he,kche->khc",
        heads(apply(attention.detail_query, query)),
        heads(apply(attention.detail_key, rows)),
    )
    weights = jax.nn.softmax(scores / (size / attention.num_heads) ** 0.5, axis=-1)
    mixed = jnp.einsum(
        "khc,kche->khe", weights, heads(apply(attention.detail_value, rows))
    ).reshape(-1, size)
    return jax.nn.softmax(relevance) @ apply(attention.detail_output, mixed)


def whole_step(arguments, num_chunks):
    """Seconds of a step of a batch of memories that are full, write included."""
    size = arguments.width
    sizes = HCAMSizes(
        width=size, num_layers=1, num_heads=arguments.heads, chunk_size=arguments.chunk_size,
        num_chunks=num_chunks, top_k=arguments.top_k, window=arguments.chunk_size,
        mlp_size=2 * size,
    )  # fmt: skip
    memory = HCAM(size, sizes, key=jax.random.key(0))
    full = jnp.asarray(num_chunks * arguments.chunk_size, jnp.int32)
    states = jax.vmap(lambda _: memory.init_state())(jnp.arange(arguments.batch))
    states = jax.tree.map(
        lambda x: x + 0.1 if x.dtype == jnp.float32 else jnp.full_like(x, full), states
    )
    xs = jax.random.normal(jax.random.key(1), (STEPS, arguments.batch, size))

    def run(states, xs):
        no = jnp.zeros(arguments.batch, bool)

        def step(states, x):
            states, output = jax.vmap(memory.step)(states, x, no)
            return states, output.h

        return jax.lax.scan(step, states, xs)

    carried = [states]
    loop = jax.jit(run, donate_argnums=0)

    def turn():
        carried[0], outputs = loop(carried[0], xs)
        return outputs

    return best(turn) / STEPS


def best(run):
    """Seconds of the quickest of several runs, after one that compiles."""
    jax.block_until_ready(run())
    quickest = float("inf")
    for _ in range(REPETITIONS):
        start = time.perf_counter()
        jax.block_until_ready(run())
        quickest = min(quickest, time.perf_counter() - start)
    return quickest


if __name__ == "__main__":
    main()
