"""Random inputs for the suites: observations that satisfy a spec, sequences with episodes, and
garbage states.
"""

from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Key, PyTree

from engrax.runtime.shards import is_key
from engrax.testing.contract import Settings
from engrax.types import Actions, Spec

# Neighbouring pieces of these lengths cover a sequence: boundaries at many places, few programs to
# compile.
PIECES: tuple[int, ...] = (1, 2, 7)


def random_observations(
    observation_spec: Mapping[str, Spec], key: Key[Array, ""], shape: tuple[int, ...] = ()
) -> dict[str, Array]:
    """Observations drawn uniformly from what a spec allows (vectors: standard normal); not for use
    inside `jit`.

    Args:
        observation_spec: one spec a modality.
        key: draws them.
        shape: axes to put in front, such as streams and time.

    Returns:
        One array a modality, `[*shape, *spec.shape]`.
    """
    numbers = Settings(key).numbers()
    drawn = {name: spec.draw(numbers, shape) for name, spec in sorted(observation_spec.items())}
    return {name: jnp.asarray(array) for name, array in drawn.items()}


def another_action(actions: Actions, action: np.ndarray) -> np.ndarray:
    """A different action for every action, within the bounds."""
    low, high = actions.bounds
    if np.issubdtype(actions.dtype, np.integer):
        return (low + (action - low + 1) % (high - low + 1)).astype(actions.dtype)
    return np.asarray(high + low - action + 0.01 * (action == 0), actions.dtype)


def random_streams(settings: Settings, size: int, salt: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Inputs `[streams, steps, size]` of order 1, and where episodes begin `[streams, steps]`.

    The first stream is one long episode that opens before the sequence does. The second begins one
    at index 0 and one in the middle. The third has short episodes, two of a single step. The others
    begin at random.
    """
    numbers = settings.numbers(salt)
    shape = (settings.streams, settings.steps)
    firsts = numbers.random(shape) < 0.15
    firsts[:3] = False
    firsts[1, [0, settings.steps // 2]] = True
    firsts[2, [1, 2, 3, 8, settings.steps // 2 + 2]] = True
    return numbers.standard_normal((*shape, size)).astype(np.float32), firsts


def random_key_data(settings: Settings, shape: tuple[int, ...], salt: int = 0) -> np.ndarray:
    """The words of keys of JAX's default kind: they are wrapped where they are used, inside the
    compiled programs.
    """
    words = jax.random.key_data(jax.random.key(0)).shape
    return settings.numbers(salt).integers(0, 2**32, (*shape, *words), dtype=np.uint32)


def no_firsts(settings: Settings) -> np.ndarray:
    """Where no episode begins: `[streams, steps]`, all false."""
    return np.zeros((settings.streams, settings.steps), bool)


def broadcast_state(state: PyTree, streams: int) -> PyTree:
    """One state per stream, all equal."""
    return on_host(jax.tree.map(lambda leaf: jnp.broadcast_to(leaf, (streams, *leaf.shape)), state))


def on_host(tree: PyTree) -> Any:
    """NumPy arrays in place of JAX's: slicing these compiles nothing. Keys stay as they are."""
    return jax.tree.map(lambda leaf: leaf if is_key(leaf) else np.asarray(leaf), tree)


def stream(tree: PyTree, index: int) -> Any:
    """One of the streams that lie along the first axis."""
    return jax.tree.map(lambda leaf: leaf[index], tree)


def key_words(tree: PyTree) -> PyTree:
    """The words of keys in place of keys, and the bits of bfloat16 in its place: arrays that NumPy
    has a dtype for.
    """

    def words(leaf: Any) -> Any:
        if is_key(leaf):
            return jax.random.key_data(leaf)
        return np.asarray(leaf).view(np.uint16) if _is_bfloat16(leaf) else leaf

    return jax.tree.map(words, tree)


def with_key(leaf: Any, like: Any) -> Any:
    """The leaf of which `key_words` made this one, in the place of one like it."""
    if is_key(like):
        return jax.random.wrap_key_data(leaf, impl=jax.random.key_impl(like))
    return np.asarray(leaf).view(jnp.bfloat16) if _is_bfloat16(like) else leaf


def _is_bfloat16(leaf: Any) -> bool:
    return getattr(leaf, "dtype", None) == jnp.bfloat16


def garbage_like(state: PyTree, numbers: np.random.Generator) -> PyTree:
    """A state of the same shapes with every leaf replaced by finite garbage.

    Floats lie in +-1e3; integers are small, negative or as large as they get; keys and truth values
    are arbitrary.
    """
    return jax.tree.map(lambda leaf: _garbage(leaf, numbers), state)


def _garbage(leaf: Any, numbers: np.random.Generator) -> Any:
    if is_key(leaf):
        data = jax.random.key_data(leaf)
        words = numbers.integers(0, 2**32, data.shape, dtype=np.uint32)
        return jax.random.wrap_key_data(jnp.asarray(words), impl=jax.random.key_impl(leaf))
    if leaf.dtype == jnp.bool_:
        return jnp.asarray(numbers.random(leaf.shape) < 0.5)
    if jnp.issubdtype(leaf.dtype, jnp.integer):
        return jnp.asarray(_garbage_integers(leaf, numbers))
    return jnp.asarray(numbers.uniform(-1e3, 1e3, leaf.shape), leaf.dtype)


def _garbage_integers(leaf: Any, numbers: np.random.Generator) -> np.ndarray:
    """Small numbers matter most: they look like counters of another episode."""
    bounds = jnp.iinfo(leaf.dtype)
    huge = numbers.integers(
        int(bounds.min), int(bounds.max), leaf.shape, dtype=np.int64, endpoint=True
    )
    small = np.clip(numbers.integers(-4, 60, leaf.shape), int(bounds.min), int(bounds.max))
    return np.where(numbers.random(leaf.shape) < 0.6, small, huge).astype(leaf.dtype)
