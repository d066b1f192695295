"""How long the gradient of an image encoder takes inside of a loop: XLA's convolutions beside those
as matrix products.

    taskset -c 0 python benchmarks/convolutions.py [--pairs 5] [--json]

The encoder is the one that pixels get by default, on images of 84 x 84 with 3 channels; the loop
has two iterations of 256 images. Both ways are timed in turn, and the ratio is that of each pair.
"""

import argparse
import json
import statistics
import time

import equinox as eqx
import jax
import jax.numpy as jnp

from engrax.nn import convolution
from engrax.nn.senses import EncoderSizes
from engrax.nn.senses.image import ImageEncoder
from engrax.types import ImageSpec

ITERATIONS, IMAGES, EDGE = 2, 256, 84


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pairs", type=int, default=5, help="how often both are timed (5)")
    parser.add_argument("--json", action="store_true", help="print one line of JSON")
    arguments = parser.parse_args()
    encoder = ImageEncoder(ImageSpec(EDGE, EDGE), EncoderSizes(), key=jax.random.key(0))
    shape = (ITERATIONS, IMAGES, EDGE, EDGE, 3)
    images = jax.random.randint(jax.random.key(1), shape, 0, 256, jnp.int32).astype(jnp.uint8)
    ways = {"xla": convolution.by_xla, "product": convolution.as_product}
    learn = {name: compiled(way, encoder, images) for name, way in ways.items()}
    pairs = [
        {name: seconds(learn[name], encoder, images) for name in ways}
        for _ in range(arguments.pairs)
    ]
    found = {
        "ratio": round(statistics.median(pair["xla"] / pair["product"] for pair in pairs), 2),
        **{name: round(1e6 * min(pair[name] for pair in pairs), 1) for name in ways},
    }
    if arguments.json:
        print(json.dumps(found))
        return
    print(f"XLA's convolutions {found['xla']} us an image, products {found['product']} us")
    print(f"ratio {found['ratio']}, the median of {arguments.pairs} pairs")


def compiled(way, encoder, images):
    """A loop of gradient steps in which convolutions are computed in one way."""
    convolution.as_product, kept = way, convolution.as_product

    def step(parameters, batch):
        loss = lambda encoder: jnp.sum(encoder(batch) ** 2)  # noqa: E731
        gradient = eqx.filter_grad(loss)(eqx.combine(parameters, static))
        moved = jax.tree.map(lambda x, g: x - 1e-6 * g, parameters, gradient)
        return moved, None

    arrays, static = eqx.partition(encoder, eqx.is_array)
    try:
        loop = jax.jit(lambda arrays, images: jax.lax.scan(step, arrays, images)[0])
        return loop.lower(arrays, images).compile()
    finally:
        convolution.as_product = kept


def seconds(learn, encoder, images):
    """CPU-seconds an image."""
    arrays = eqx.filter(encoder, eqx.is_array)
    jax.block_until_ready(learn(arrays, images))
    start = time.process_time()
    jax.block_until_ready(learn(arrays, images))
    return (time.process_time() - start) / (ITERATIONS * IMAGES)


if __name__ == "__main__":
    main()
