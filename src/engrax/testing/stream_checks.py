"""What the suites of environments and of worlds check alike, on steps [streams, steps + 1] in
NumPy.
"""

from typing import Any

import jax
import numpy as np

from engrax.testing.contract import expect
from engrax.types import Interface, TimeStep


def expect_specs(law: str, interface: Interface, observation: Any) -> None:
    """Raises ContractError unless observations have the shape, dtype and range that the interface
    says.
    """
    specs = interface.observations
    names = (sorted(observation), sorted(specs))
    expect(
        names[0] == names[1],
        law,
        f"observations have the parts {names[0]}, the interface says {names[1]}.",
    )
    for name, spec in specs.items():
        array, dtype = observation[name], spec.dtype
        kind = (
            f"`{name}` is {array.dtype}{list(array.shape[2:])}, expected {dtype}{list(spec.shape)}."
        )
        expect(array.shape[2:] == spec.shape and array.dtype == dtype, law, kind)
        low, high = spec.bounds
        within = (array >= low).all() and (array <= high).all()  # not a number is neither
        expect(
            within,
            law,
            f"`{name}` has values {array.min()}..{array.max()}, expected {low} to {high}.",
        )


def expect_protocol(law: str, steps: TimeStep) -> None:
    """Raises ContractError unless `first`, `last`, `reward` and `discount` follow the protocol of
    streams.
    """
    first, last, discount, reward = steps.first, steps.last, steps.discount, steps.reward
    expect(
        last.any(),
        law,
        f"no episode ended in {last.shape[1] - 1} steps of random play: pass more `steps`.",
    )
    for message, holds in {
        "the opening step must be `first`": first[:, 0],
        "a step after `last`, and only that, must be `first`": first[:, 1:] == last[:, :-1],
        "a step must not be `first` and `last`: an episode has at least one action": ~(
            first & last
        ),
        "the reward at `first` must be 0": (reward == 0) | ~first,
        "rewards must be finite": np.isfinite(reward),
        "the discount must be 0 or 1": (discount == 0) | (discount == 1),
        "the discount may be 0 at `last` only": (discount == 1) | last,
    }.items():
        expect(
            holds.all(),
            law,
            f"{message}; fails at [stream, step] {np.argwhere(~holds)[:1].tolist()}.",
        )


def identical(one: TimeStep, two: TimeStep) -> bool:
    """Whether two trees of arrays are the same to the last bit."""
    pairs = zip(jax.tree.leaves(one), jax.tree.leaves(two), strict=True)
    return all(np.asarray(a).tobytes() == np.asarray(b).tobytes() for a, b in pairs)


def at_last(steps: TimeStep, actions: np.ndarray) -> np.ndarray:
    """Where actions [streams, steps, ...] are given on a `last` step, with the axes of an action
    added.
    """
    ended = np.asarray(steps.last[:, :-1])
    return ended.reshape(*ended.shape, *(1,) * (actions.ndim - 2))
