"""Trees of arrays as safetensors files: checkpoints and weights.

A file holds one array a leaf, named by its path in the tree, and a SHA-256 of all it holds. It is
only data: reading one runs no code (docs/decisions/0001-checkpoints-are-safetensors.md). Typed
random keys are stored as the integers they are made of, and bfloat16 as its bits. Leaves that are
not arrays, such as activation functions, belong to the program, not to the file.
"""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax import tree_util as jtu
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save as to_bytes

from engrax.errors import UserError
from engrax.runs.storage import machine_memory, regular_size, write_atomically
from engrax.runtime.shards import is_key

T = TypeVar("T")

_FORMAT = "engrax-arrays-1"
_LONGEST_REASON = 200
_WHAT_STRANGE_BYTES_RAISE = (
    SafetensorError,
    TypeError,
    ValueError,
    LookupError,
    AttributeError,
    ArithmeticError,
    RuntimeError,
)


class CheckpointError(UserError):
    """A checkpoint or weights file that cannot be used."""


class DamagedFileError(CheckpointError):
    """A file that is not what was once written: damaged, truncated, or no file of ours."""


class Contents(NamedTuple):
    """All that a file holds: arrays by their names, and words that were kept with them."""

    arrays: dict[str, Any]
    words: dict[str, str]

    @property
    def state_sha256(self) -> str:
        """What the function of this name says of the tree that was saved."""
        return _digest(self.arrays)


def state_sha256(tree: Any) -> str:
    """The SHA-256 of all arrays of a tree: names, dtypes, shapes and bytes, in the order of their
    names.
    """
    return _digest(_named_arrays(tree))


def save(path: Path, tree: Any, words: Mapping[str, str] | None = None) -> None:
    """Writes the arrays of a tree to one file, atomically.

    Args:
        path: the file.
        tree: any tree; its arrays hold booleans, integers, floats, or typed random keys.
        words: what else to keep with it.

    Raises:
        OSError: it cannot be written; what was there before is untouched.
    """
    arrays = _named_arrays(tree)
    keys = {
        name: str(jax.random.key_impl(array)) for name, array in arrays.items() if is_key(array)
    }
    words = {**(words or {}), "format": _FORMAT, "keys": json.dumps(keys)}
    if rounded := [name for name, array in arrays.items() if array.dtype == jnp.bfloat16]:
        words["bfloat16"] = json.dumps(rounded)
    words["sha256"] = _sign(arrays, words)
    # Not safetensors' save_file: it leaves a stray file of a random name behind if the process is
    # killed.
    contents = to_bytes({name: _numbers(array) for name, array in arrays.items()}, words)
    write_atomically(path, contents)


def load(path: Path) -> Contents:
    """Reads a file that `save` wrote, and makes sure that it is still what was written.

    Args:
        path: the file.

    Returns:
        Its arrays and words.

    Raises:
        DamagedFileError: it is not what was written.
        OSError: it cannot be read.
    """
    _check_readable(path)
    try:
        contents = _read(path)
        intact = (
            contents.words["sha256"] == _sign(*contents) and contents.words["format"] == _FORMAT
        )
    except _WHAT_STRANGE_BYTES_RAISE as error:
        raise DamagedFileError(
            f"{path} is damaged, or not a file of engrax: {str(error)[:_LONGEST_REASON]}"
        ) from None
    if not intact:
        raise DamagedFileError(
            f"{path} is damaged: its contents do not have the SHA-256 that it states"
        )
    return contents


def restore(contents: Contents, template: T, path: Path) -> T:
    """A tree from the contents of a file, in the form of a template.

    Args:
        contents: as `load` gives them.
        template: a tree of the same form; its arrays may each be a `jax.ShapeDtypeStruct`.
        path: the file, for errors.

    Returns:
        The template with its arrays replaced by those of the file.

    Raises:
        CheckpointError: names, shapes or dtypes are not those of the template; the first that
            differs is named.
    """
    _check_same_form(contents.arrays, _named_arrays(template), path)
    leaves, structure = jtu.tree_flatten_with_path(template)
    filled = [
        _copy(contents.arrays[_name(where)]) if _is_array(leaf) else leaf for where, leaf in leaves
    ]
    return jtu.tree_unflatten(structure, filled)


def save_weights(path: Path, agent: Any, words: Mapping[str, str] | None = None) -> None:
    """Writes the parameters of an agent, which are its arrays of floats, to one file; see
    `save`.
    """
    save(path, eqx.filter(agent, _is_parameter), words)


def load_weights(path: Path, agent: T) -> T:
    """An agent with the parameters of a file; see `load` and `restore_weights`."""
    return restore_weights(load(path), agent, path)


def restore_weights(contents: Contents, agent: T, path: Path) -> T:
    """An agent with the parameters of the contents of a file; see `restore`. The rest of it stays
    as it is.
    """
    parameters, rest = eqx.partition(agent, _is_parameter)
    return eqx.combine(restore(contents, parameters, path), rest)


def _check_readable(path: Path) -> None:
    size = regular_size(path)
    if size is None:
        raise DamagedFileError(f"{path} is not a regular file")
    if size > machine_memory():
        raise DamagedFileError(
            f"{path} is larger than this machine's memory: it has {size:,} bytes"
        )
    # Python's own error for a file that is forbidden is clearer than safetensors'.
    path.open("rb").close()


def _read(path: Path) -> Contents:
    with safe_open(path, framework="numpy") as file:
        words = file.metadata() or {}
        arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    for name, impl in json.loads(words["keys"]).items():
        arrays[name] = jax.random.wrap_key_data(jnp.array(arrays[name]), impl=impl)
    for name in json.loads(words.get("bfloat16", "[]")):
        arrays[name] = arrays[name].view(jnp.bfloat16)
    return Contents(arrays, words)


def _is_array(leaf: Any) -> bool:
    return isinstance(leaf, jax.Array | np.ndarray | jax.ShapeDtypeStruct)


def _is_parameter(leaf: Any) -> bool:
    return _is_array(leaf) and jnp.issubdtype(leaf.dtype, jnp.inexact)


def _name(where: jtu.KeyPath) -> str:
    return jtu.keystr(where, simple=True, separator=".")


def _named_arrays(tree: Any) -> dict[str, Any]:
    named = [
        (_name(where), leaf) for where, leaf in jtu.tree_leaves_with_path(tree) if _is_array(leaf)
    ]
    arrays = dict(named)
    if len(arrays) < len(named):
        raise ValueError(
            "two arrays of the tree have the same name; a dict key on the way to one contains a dot"
        )
    return arrays


def _numbers(array: Any) -> np.ndarray:
    # In C order, as safetensors writes an array's memory as it lies, whatever its strides.
    numbers = np.asarray(jax.random.key_data(array) if is_key(array) else array, order="C")
    return numbers.view(np.uint16) if numbers.dtype == jnp.bfloat16 else numbers


def _copy(array: Any) -> jax.Array:
    # A copy, as what is restored will be donated, and must not alias memory that JAX does not own.
    return array if is_key(array) else jnp.array(array, copy=True)


def _digest(arrays: Mapping[str, Any]) -> str:
    digest = hashlib.sha256()
    for name in sorted(arrays):
        digest.update(json.dumps([name, *_form(arrays[name])]).encode())
        digest.update(_numbers(arrays[name]).reshape(-1).view(np.uint8).data)
    return digest.hexdigest()


def _sign(arrays: Mapping[str, Any], words: Mapping[str, str]) -> str:
    signed = {name: word for name, word in words.items() if name != "sha256"}
    return hashlib.sha256(
        json.dumps([_digest(arrays), signed], sort_keys=True).encode()
    ).hexdigest()


def _form(array: Any) -> tuple[str, list[int]]:
    return str(array.dtype), list(array.shape)


def _check_same_form(found: Mapping[str, Any], expected: Mapping[str, Any], path: Path) -> None:
    for name, array in expected.items():
        if name not in found:
            raise CheckpointError(
                f"{path} has no {name}: it is of another agent, task, or version of engrax"
            )
        if not _fits(found[name], array):
            raise CheckpointError(
                f"{path}: {name} is {_words(found[name])}, expected {_words(array)}"
            )
    for name in found:
        if name not in expected:
            raise CheckpointError(
                f"{path} has {name}, which was not expected: it is of another agent, task or "
                "version"
            )


def _fits(found: Any, expected: Any) -> bool:
    """Whether an array has the dtype and shape of another; one of length 0 stands for any
    length.
    """
    (dtype, shape), (wanted, length_first) = _form(found), _form(expected)
    any_length = length_first[:1] == [0] and len(shape) == len(length_first)
    return dtype == wanted and (
        shape[1:] == length_first[1:] if any_length else shape == length_first
    )


def _words(array: Any) -> str:
    return f"{array.dtype}{list(array.shape)}"
