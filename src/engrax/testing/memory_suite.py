"""The contract suite of memories: all laws by name, and one call that tries them."""

from collections.abc import Callable, Mapping

import jax
from jaxtyping import Array, Key

from engrax.memory.base import AbstractMemory
from engrax.testing import memory_first_laws as first_laws
from engrax.testing import memory_gradient_laws as gradient_laws
from engrax.testing import memory_laws as laws
from engrax.testing import memory_recall_laws as recall_laws
from engrax.testing import refresh_laws
from engrax.testing.contract import Settings, expect, run_laws

MEMORY_LAWS: Mapping[str, Callable[[AbstractMemory, Settings], None]] = {
    "state_is_stable": laws.check_memory_state_is_stable,
    "unroll_is_scan": laws.check_memory_unroll_is_scan,
    "pieces_make_the_whole": laws.check_memory_pieces_make_the_whole,
    "streams_stay_apart": laws.check_memory_streams_stay_apart,
    "first_forgets": first_laws.check_memory_first_forgets,
    "first_forgets_what_is_not_finite": first_laws.check_memory_first_forgets_what_is_not_finite,
    "none_is_empty": laws.check_memory_none_is_empty,
    "gradients_are_finite": gradient_laws.check_memory_gradients_are_finite,
    "gradients_agree": gradient_laws.check_memory_gradients_agree,
    "gradients_reach_back": gradient_laws.check_memory_gradients_reach_back,
    "first_cuts_gradients": gradient_laws.check_memory_first_cuts_gradients,
    "refresh_is_identity": refresh_laws.check_memory_refresh_is_identity,
    "refresh_follows_parameters": gradient_laws.check_memory_refresh_follows_parameters,
    "pack_undoes_unpack": refresh_laws.check_memory_pack_undoes_unpack,
    "recall_is_of_this_episode": recall_laws.check_memory_recall_is_of_this_episode,
    "one_trace": laws.check_memory_one_trace,
    "save_and_load": laws.check_memory_save_and_load,
}
"""Every law of a memory by name."""


def check_memory(
    memory: AbstractMemory,
    input_size: int | None = None,
    *,
    key: Key[Array, ""] | None = None,
    steps: int = 40,
    tolerance: float = 1e-4,
) -> None:
    """Tries every law of the memory contract, and reports all that are broken.

    Use a small memory: most of the time goes into compiling some twenty small programs.

    Args:
        memory: the memory to test.
        input_size: d, if it is to be checked against the memory's own.
        key: draws the inputs; by default always the same.
        steps: length of the sequences; let the memory fill up and wrap around within it.
        tolerance: how far numbers may differ, absolute below 1 and relative above.

    Raises:
        ContractError: naming each broken law, where it fails, and what to look at.
    """
    if input_size is not None:
        message = f"input_size is {memory.input_size}, expected {input_size}."
        expect(memory.input_size == input_size, "state_is_stable", message)
    key = jax.random.key(0) if key is None else key
    run_laws(type(memory).__name__, MEMORY_LAWS, memory, Settings(key, steps, tolerance=tolerance))
