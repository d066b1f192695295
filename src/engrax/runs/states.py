"""What of a training state a checkpoint can hold.

In a pure world that is all of it, so that a resumed run goes on bit for bit. The environments of a
host world live in Python: then learner, optimiser, key and counters are kept, and streams are opened
afresh.
"""

from typing import Any

import equinox as eqx
import jax

from engrax.runtime import Trainer, TrainState, open_streams


def portable(state: Any) -> Any:
    """The part of a state that can be saved: without streams whose environments are no arrays."""
    if not isinstance(state, TrainState) or _is_data(state.streams):
        return state
    return eqx.tree_at(lambda state: state.streams, state, None)


def shapes_of(trainer: Trainer) -> Any:
    """The shapes of the part of a trainer's state that can be saved, of a state that is made."""
    return jax.tree.map(_shape, portable(trainer.init()))


def whole(trainer: Any, state: Any) -> Any:
    """A restored state with its streams: opened afresh where they could not be saved."""
    if not isinstance(state, TrainState) or state.streams is not None:
        return state
    learner = state.learner
    keys = jax.random.split(jax.random.fold_in(learner.key, learner.updates), trainer.streams)
    streams = open_streams(learner.agent, trainer.world, keys)
    return TrainState(learner, streams)


def _is_data(tree: Any) -> bool:
    return all(eqx.is_array(leaf) or _is_shape(leaf) for leaf in jax.tree.leaves(tree))


def _is_shape(leaf: Any) -> bool:
    return isinstance(leaf, jax.ShapeDtypeStruct)


def _shape(leaf: Any) -> Any:
    return jax.ShapeDtypeStruct(leaf.shape, leaf.dtype) if eqx.is_array(leaf) else leaf
