"""Refuses to run JAX in a process that was forked after JAX had started: it would hang there."""

import os
import sys

from engrax.errors import UserError

_after_jax = False


def check_fork() -> None:
    """Passes where JAX can be used.

    Raises:
        UserError: this process was forked from one in which JAX had started.
    """
    if _after_jax:
        raise UserError(
            "this process was forked after JAX had started, and JAX would hang in it: start a "
            'new one, with gymnasium.make_vec(..., vector_kwargs={"context": "forkserver"}) under '
            'if __name__ == "__main__":'
        )


def _note_fork() -> None:
    global _after_jax
    bridge = sys.modules.get("jax._src.xla_bridge")
    _after_jax = bridge is not None and bridge.backends_are_initialized()


os.register_at_fork(after_in_child=_note_fork)
