"""Shared by the suites: the error of a broken law, comparisons, and the loop over laws."""

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import equinox as eqx
import jax
import numpy as np
from jaxtyping import PyTree


class ContractError(AssertionError):
    """A law of a contract does not hold.

    Attributes:
        laws: the names of the broken laws.
    """

    def __init__(self, laws: str | tuple[str, ...], message: str):
        self.laws = (laws,) if isinstance(laws, str) else laws
        super().__init__(message)


@dataclass(frozen=True)
class Settings:
    """Settings of a trial of the laws.

    Attributes:
        key: draws the inputs; any typed key. The same key gives the same trial.
        steps: length of the sequences; long enough for a memory to fill and to wrap around.
        streams: how many independent streams stand side by side under `vmap`; at least 4.
        tolerance: how far numbers may differ, absolute below 1 and relative above.
    """

    key: jax.Array
    steps: int = 40
    streams: int = 4
    tolerance: float = 1e-4

    def __post_init__(self):
        if self.steps < 12:
            raise ValueError(
                f"steps is {self.steps}: the laws need at least 12, to place episodes inside; pass "
                "more."
            )
        if self.streams < 4:
            raise ValueError(
                f"streams is {self.streams}: the laws need at least 4, each with episodes of its "
                "own."
            )

    def numbers(self, salt: int = 0) -> np.random.Generator:
        """A fresh NumPy generator from the key: drawing with it costs no compilation."""
        return np.random.default_rng(
            [*np.asarray(jax.random.key_data(self.key)).ravel().tolist(), salt]
        )


def quick_jit(function: Callable[..., Any]) -> Callable[..., Any]:
    """`eqx.filter_jit` for programs that run once or twice: on the CPU it halves the time to
    compile.
    """

    @functools.cache
    def compiled() -> Callable[..., Any]:
        on_cpu = jax.default_backend() == "cpu"
        options: Any = {"compiler_options": {"xla_backend_optimization_level": 0}} if on_cpu else {}
        return eqx.filter_jit(function, **options)

    return functools.wraps(function)(lambda *args: compiled()(*args))


def expect(condition: Any, law: str, message: str) -> None:
    """Raises ContractError, naming the law, unless the condition holds."""
    if not bool(condition):
        raise ContractError(law, f"law `{law}` is broken: {message}")


def expect_close(law: str, got: Any, expected: Any, tolerance: float, what: str, hint: str) -> None:
    """Compares two arrays number by number, and says where they differ most.

    Args:
        law: the name of the law under test.
        got: what the implementation gave.
        expected: what the law says it should be.
        tolerance: the largest difference, as a share of the largest expected number where that
            exceeds 1.
        what: the quantity and its axes, for the message.
        hint: where the mistake is likely to be.

    Raises:
        ContractError: if the arrays differ, or if anything in `got` is not finite.
    """
    got, expected = np.asarray(got), np.asarray(expected)
    if got.dtype.kind in "biu" and np.array_equal(got, expected):
        return  # pictures are large, and floats larger
    got, expected = got.astype(np.float64), expected.astype(np.float64)
    expect(
        got.shape == expected.shape,
        law,
        f"{what}: shape {got.shape}, expected {expected.shape}. {hint}",
    )
    expect(
        np.isfinite(got).all(),
        law,
        f"{what} is not finite at index {_first_true(~np.isfinite(got))}. {hint}",
    )
    expect(np.isfinite(expected).all(), law, f"{what}: the reference is itself not finite. {hint}")
    difference = np.abs(got - expected)
    bound = tolerance * max(1.0, float(np.abs(expected).max(initial=0.0)))
    if (difference > bound).any():
        worst = _first_true(difference == difference.max())
        values = f"got {got[worst]:.6g}, expected {expected[worst]:.6g}, may differ by {bound:.2g}"
        expect(False, law, f"{what} differs, most at index {worst}: {values}. {hint}")


def expect_trees_close(
    law: str, got: PyTree, expected: PyTree, tolerance: float, what: str, hint: str
) -> None:
    """`expect_close` over the leaves of two trees of the same structure; names the leaf that
    differs.
    """
    leaves = zip(jax.tree_util.tree_leaves_with_path(got), jax.tree.leaves(expected), strict=True)
    for (path, leaf), reference in leaves:
        expect_close(law, leaf, reference, tolerance, f"{what}{jax.tree_util.keystr(path)}", hint)


def describe(tree: PyTree) -> dict[str, str]:
    """The path, dtype and shape of each leaf: what must never change in a state."""
    return {
        f"state{jax.tree_util.keystr(path)}": f"{leaf.dtype}{list(leaf.shape)}"
        + " weak" * _is_weak(leaf)
        if hasattr(leaf, "dtype")
        else f"{type(leaf).__name__} {leaf!r} (not an array)"
        for path, leaf in jax.tree_util.tree_leaves_with_path(tree)
    }


def expect_same_kind(law: str, got: PyTree, expected: PyTree, what: str) -> None:
    """Raises ContractError unless two trees have the same structure, shapes, dtypes and weak
    types.
    """
    ours, theirs = describe(got), describe(expected)
    for path in {**theirs, **ours}:
        pair = f"{ours.get(path, 'absent')}, expected {theirs.get(path, 'absent')}"
        expect(
            ours.get(path) == theirs.get(path),
            law,
            f"{what}, {path}: {pair}. Make shapes and dtypes explicit.",
        )
    same = jax.tree.structure(got) == jax.tree.structure(expected)
    expect(
        same,
        law,
        f"{what}: tree {jax.tree.structure(got)}, expected {jax.tree.structure(expected)}.",
    )


def run_laws(name: str, laws: Mapping[str, Callable[..., None]], *args: Any) -> None:
    """Tries every law, and reports all that are broken in one error.

    The first law says that trees and shapes are as they should be; if it is broken the others are
    not tried.

    Raises:
        ContractError: if any law is broken.
    """
    broken: list[ContractError] = []
    for index, law in enumerate(laws.values()):
        error = _try_law(law, args)
        broken += [error] if error else []
        if broken and index == 0:
            break
    if broken:
        names = tuple(law for error in broken for law in error.laws)
        text = "\n".join(f"  {error}" for error in broken)
        raise ContractError(names, f"{name} breaks {len(names)} of {len(laws)} laws:\n{text}")


def _try_law(law: Callable[..., None], args: tuple[Any, ...]) -> ContractError | None:
    """The error of a broken law; errors that are not about laws pass through, with a note of
    where.
    """
    try:
        law(*args)
    except ContractError as error:
        return error
    except Exception as error:
        error.add_note(f"raised while testing `{getattr(law, '__name__', law)}`")
        raise
    return None


def _first_true(mask: np.ndarray) -> tuple[int, ...]:
    """The first index where the mask holds; () where it holds nowhere."""
    places = np.argwhere(mask)
    return tuple(places[0].tolist()) if len(places) else ()


def _is_weak(leaf: Any) -> bool:
    return bool(getattr(leaf, "weak_type", False))
