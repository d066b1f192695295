"""Where streams are, and how precisely products are computed: streams are shared out over devices,
and in tiles that are computed one after the other.

A run's streams are divided evenly over devices. Each device acts in its own streams and computes
the gradient of its own part of every minibatch; gradients are summed, and the parameters are the
same everywhere. The same arithmetic runs on one device where fewer are there than a run was made
with.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial, wraps
from typing import Any, Literal, get_args

import jax
from jax.flatten_util import ravel_pytree
from jax.sharding import Mesh, NamedSharding, PartitionSpec
from jax.stages import Wrapped
from jaxtyping import PyTree

from engrax.algorithms.tiles import cut, joined, number_of_tiles
from engrax.gym.choosing import Workers
from engrax.losses.masks import Total, alone
from engrax.nn.checks import check_choice
from engrax.runtime.shards import gathered, put_own

AXIS = "devices"
OWN_THREADS = {"xla_cpu_multi_thread_eigen": False}
"""The compiler's options where a CPU is several devices: one thread a device, or they would wait
for one another.
"""
Precision = Literal["float32", "tf32", "bfloat16"]
PRODUCTS: Mapping[str, str] = {
    "float32": "float32",
    "tf32": "tensorfloat32",
    "bfloat16": "BF16_BF16_F32",
}
"""JAX's names for how products of float32 matrices are computed. All sums are in float32."""


@dataclass(frozen=True, kw_only=True)
class Placement:
    """How the streams of a run are divided. A run keeps what it was started with."""

    devices: int | None = None
    """Devices that share the streams; a new run takes all that there are and that divide them, on a
    CPU one for each core."""
    acting_tile: int | None = None
    """Streams of a device that act side by side; a new run takes what is measured as fast."""
    learning_tile: int | None = None
    """Streams of a device whose gradient is computed at once; likewise."""
    workers: int | None = None
    """Processes that step environments which run in Python, 0 for none; chosen by timing at every
    start if not given."""
    worker_timeout: float = 60.0
    """Seconds in which such a process must answer; it is started again if it does not."""
    groups: int | None = None
    """Groups of streams that act in turn where environments run in Python: one acts while another
    is stepped; a new run takes 2 where there are worker processes and an accelerator."""
    actors: int | None = None
    """Processes of a Ray cluster that act, each in its part of the streams, where environments run
    in Python; this process acts if not given."""
    min_actors: int = 1
    """Actors without which training stops, all being saved."""
    precision: Precision | None = None
    """What the factors of matrix products are rounded to in training: `float32` (not at all),
    `tf32` (10 bits after the point), or `bfloat16` (7 bits). A new run takes `tf32` on an
    accelerator, else `float32`. Processors round nothing. Convolutions are never rounded to
    bfloat16."""

    def __post_init__(self):
        for name in ("devices", "acting_tile", "learning_tile", "groups", "actors", "min_actors"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise ValueError(f"{name} is {value}, expected at least 1")
        if self.workers is not None and self.workers < 0:
            raise ValueError(f"workers is {self.workers}, expected at least 0")
        if self.precision is not None:
            check_choice(get_args(Precision), precision=self.precision)
        if not self.worker_timeout > 0:
            raise ValueError(f"worker_timeout is {self.worker_timeout}, expected above 0 seconds")

    def check(self, streams: int, minibatches: int) -> None:
        """Raises a ValueError where the streams cannot be divided so."""
        if streams < 1 or streams % minibatches:
            raise ValueError(
                f"streams is {streams}, which learner.minibatches, {minibatches}, does not divide: "
                "every minibatch takes the same number of streams"
            )
        devices = self.devices or 1
        if streams % (minibatches * devices):
            fitting = ", ".join(map(str, divisors(streams // minibatches)))
            raise ValueError(
                f"placement.devices is {devices}, expected one of {fitting}: each device takes the "
                f"same part of each of {minibatches} minibatches of {streams} streams"
            )
        if streams % (groups := self.groups or 1) or (streams // groups) % devices:
            raise ValueError(
                f"placement.groups is {groups}, expected what divides {streams // devices} streams "
                "of a device"
            )
        self._check_actors(streams)
        acting, learning = streams // devices, streams // devices // minibatches
        for name, share in (("acting_tile", acting), ("learning_tile", learning)):
            tile = getattr(self, name)
            if tile is not None and tile < share and share % tile:
                fitting = ", ".join(map(str, divisors(share)))
                raise ValueError(
                    f"placement.{name} is {tile}, expected one of {fitting}: a device has {share} "
                    "streams to divide"
                )

    def _check_actors(self, streams: int) -> None:
        if self.actors is None:
            return
        if streams % self.actors:
            fitting = ", ".join(map(str, divisors(streams)))
            raise ValueError(
                f"placement.actors is {self.actors}, expected one of {fitting}: each actor has the "
                f"same number of {streams} streams"
            )
        if self.min_actors > self.actors:
            raise ValueError(
                f"placement.min_actors is {self.min_actors}, expected at most the {self.actors} "
                "that there are"
            )

    def settled(
        self,
        available: int,
        *,
        streams: int,
        minibatches: int,
        acting_tile: int,
        learning_tile: int,
        precision: Precision,
    ) -> "Placement":
        """The placement with everything decided.

        Args:
            available: devices that there are.
            streams: of the run.
            minibatches: of an update.
            acting_tile: the most streams that should act side by side.
            learning_tile: the most streams whose gradient should be computed at once.
            precision: of products, where it is not given.
        """
        devices = self.devices or largest_divisor(streams // minibatches, available)
        share = streams // devices
        learned = share // minibatches
        return replace(
            self,
            devices=devices,
            acting_tile=self.acting_tile or largest_divisor(share, acting_tile),
            learning_tile=self.learning_tile or largest_divisor(learned, learning_tile),
            precision=self.precision or precision,
        )

    @property
    def hosting(self) -> Workers:
        """The processes that step environments which run in Python."""
        return Workers(self.workers, self.groups or 1, self.worker_timeout)

    def spread(
        self,
        function: Callable[[Total, Any, Any], tuple[Any, Any]],
        everywhere: PyTree,
        each: PyTree,
    ) -> tuple[Any, Any]:
        """Calls a function on every device with its share of the streams.

        Args:
            function: takes a sum over devices, what is the same everywhere, and the share of a
                device; its results are of these two kinds too.
            everywhere: arrays that every device has.
            each: arrays whose first axis are the streams.

        Returns:
            What is the same everywhere, and the streams' results.
        """
        devices = self.devices or 1
        if devices == 1:
            return function(alone, everywhere, each)
        shared = lambda *arguments: function(_summed, *arguments)  # noqa: E731
        if mesh := self.mesh:
            whole, parts = PartitionSpec(), PartitionSpec(AXIS)
            return jax.shard_map(
                shared,
                mesh=mesh,
                in_specs=(whole, parts),
                out_specs=(whole, parts),
                check_vma=False,
            )(everywhere, each)
        side_by_side = jax.vmap(shared, in_axes=(None, 0), out_axes=(None, 0), axis_name=AXIS)
        same, parts = side_by_side(everywhere, cut(each, devices))
        return same, joined(parts)

    def over_streams(
        self, function: Callable[[Any, Any], Any], everywhere: PyTree, each: PyTree
    ) -> Any:
        """`spread` of a function without sums, whose results are the streams' alone."""
        run = lambda _, everywhere, each: (None, function(everywhere, each))  # noqa: E731
        return self.spread(run, everywhere, each)[1]

    @property
    def mesh(self) -> Mesh | None:
        """The devices, those of other processes included; None where there is one, or where fewer
        are there than asked for.
        """
        count = self.devices or 1
        if count == 1 or count > jax.device_count():
            return None
        return Mesh(jax.devices()[:count], (AXIS,))

    def jit(self, function: Callable[..., Any], **settings: Any) -> Wrapped:
        """`jax.jit` of a function that calls `spread`, with products of this precision."""
        on_cpu = self.mesh is not None and jax.default_backend() == "cpu"
        precise = _with_products(function, self.precision)
        return jax.jit(precise, compiler_options=OWN_THREADS if on_cpu else None, **settings)

    def put_everywhere(self, arrays: PyTree) -> PyTree:
        """Arrays on every device."""
        return self._put(arrays, PartitionSpec())

    def put_shares(self, arrays: PyTree) -> PyTree:
        """Arrays whose first axis are the streams, on each device its share."""
        return self._put(arrays, PartitionSpec(AXIS))

    def whole(self, arrays: PyTree) -> PyTree:
        """Arrays that every process can read, of those whose shares are with several."""
        return arrays if jax.process_count() == 1 else jax.tree.map(gathered, arrays)

    def _put(self, arrays: PyTree, spec: PartitionSpec) -> PyTree:
        if (mesh := self.mesh) is None:
            return arrays
        sharding = NamedSharding(mesh, spec)
        if jax.process_count() == 1:
            return jax.device_put(arrays, sharding)
        return jax.tree.map(partial(put_own, sharding), arrays)


ONE_DEVICE = Placement(devices=1)


def divisors(number: int, most: int = 64) -> list[int]:
    """The divisors of a number up to a limit, in order."""
    return [d for d in range(1, min(number, most) + 1) if number % d == 0]


def largest_divisor(number: int, most: int) -> int:
    """The largest divisor of a number that is not above a limit; at least 1."""
    return next(d for d in range(max(1, min(number, most)), 0, -1) if number % d == 0)


def in_turn(function: Callable[[Any], Any], arrays: PyTree, tile: int | None) -> Any:
    """A function of arrays [streams, ...], called for a tile of streams after the other."""
    tiles = number_of_tiles(jax.tree.leaves(arrays)[0].shape[0], tile)
    if tiles == 1:
        return function(arrays)
    return joined(jax.lax.map(function, cut(arrays, tiles)))


def _with_products(function: Callable[..., Any], precision: Precision | None) -> Callable[..., Any]:
    """A function that is traced with products of a precision; None leaves it to JAX."""
    if precision is None:
        return function

    @wraps(function)
    def traced(*arguments: Any, **named: Any) -> Any:
        with jax.default_matmul_precision(PRODUCTS[precision]):
            return function(*arguments, **named)

    return traced


def _summed(tree: PyTree) -> PyTree:
    # One sum of one array: each sum of a processor's devices makes all of them wait.
    flat, restore = ravel_pytree(tree)
    return restore(jax.lax.psum(flat, AXIS))
