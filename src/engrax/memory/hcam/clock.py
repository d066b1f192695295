"""Which chunk is where, and which are readable when: arithmetic on step counts, nothing else.

Steps of an episode are numbered n = 0, 1, ...; step n belongs to chunk n // C at place n % C. Chunk
number c lives in slot c mod (M + 1): M complete chunks stay readable while the next one fills the
remaining slot. All validity follows from the count of the episode's steps, so an episode starts by
setting one integer to zero.
"""

import jax.numpy as jnp
from jaxtyping import Array, Bool, Int


def slot_numbers(count: Int[Array, ""], num_slots: int, chunk_size: int) -> Int[Array, " s"]:
    """The number of the newest complete chunk that each slot may hold; negative if none.

    The slot being filled shows the number it is about to lose, which is too old to be readable.
    """
    complete = count // chunk_size
    return complete - 1 - newest_first(count, num_slots, chunk_size)


def newest_first(count: Int[Array, ""], num_slots: int, chunk_size: int) -> Int[Array, " s"]:
    """The slots by the age of their chunk; likewise, for each slot, the age of its chunk.

    Slot and age are (newest - the other) mod S: the mapping is its own inverse.
    """
    newest = count // chunk_size - 1
    return (newest - jnp.arange(num_slots, dtype=jnp.int32)) % num_slots


def chunk_ends(steps: Int[Array, " t"], chunk_size: int, most: int) -> Int[Array, " j"]:
    """The times at which chunks are completed, in order; t where there are fewer than `most`."""
    completed = jnp.cumsum((steps + 1) % chunk_size == 0, dtype=jnp.int32)
    earlier = completed[None, :] <= jnp.arange(most, dtype=jnp.int32)[:, None]
    return jnp.sum(earlier, axis=1, dtype=jnp.int32)


def readable_now(count: Int[Array, ""], num_slots: int, chunk_size: int) -> Bool[Array, " s"]:
    """Which slots step number `count` may read: the last M complete chunks of the episode."""
    numbers = slot_numbers(count, num_slots, chunk_size)
    return _in_reach(numbers, count, num_slots - 1, chunk_size)


def readable_old(
    count: Int[Array, ""], steps: Int[Array, " t"], num_slots: int, chunk_size: int
) -> Bool[Array, "t s"]:
    """Which slots, as they were before a segment, each of its times may read."""
    same_episode = steps == count + jnp.arange(steps.shape[0], dtype=jnp.int32)
    numbers = slot_numbers(count, num_slots, chunk_size)
    reach = _in_reach(numbers[None, :], steps[:, None], num_slots - 1, chunk_size)
    return same_episode[:, None] & reach


def readable_new(
    ends: Int[Array, " j"], steps: Int[Array, " t"], num_slots: int, chunk_size: int
) -> Bool[Array, "t j"]:
    """Which chunks completed inside a segment, at the times `ends`, each of its times may read."""
    end_steps = steps[jnp.minimum(ends, steps.shape[0] - 1)]
    times = jnp.arange(steps.shape[0], dtype=jnp.int32)
    elapsed = times[:, None] - ends[None, :]
    same_episode = steps[:, None] - end_steps[None, :] == elapsed
    reach = _in_reach((end_steps // chunk_size)[None, :], steps[:, None], num_slots - 1, chunk_size)
    return (elapsed > 0) & same_episode & reach


def _in_reach(
    numbers: Int[Array, "*s"], step: Int[Array, "*t"], most: int, chunk_size: int
) -> Bool[Array, "*n"]:
    complete = step // chunk_size
    return (numbers >= 0) & (numbers < complete) & (numbers >= complete - most)
