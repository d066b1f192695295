"""MERLIN's store: rows of vectors, to which the vectors that follow are added in retrospect."""

from dataclasses import dataclass
from typing import Literal, NamedTuple, get_args

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int, Key

from engrax.nn.checks import check_at_least, check_choice
from engrax.nn.linear import apply, linear
from engrax.nn.masking import finite, masked_softmax
from engrax.types import Recall, head_names, tree_where

EPSILON = 1e-6  # inside the roots of the norms: the gradient at an empty row is finite
SHARPNESS = 5.0
"""The initial strength of reads: from near 0, reads stay even over the rows for long (choice)."""

Reuse = Literal["kept", "mean"]


@dataclass(frozen=True, kw_only=True)
class RetroactiveSizes:
    """MERLIN's store of rows; for other agents the memory `rl_mem` has one."""

    rows: int = 32
    """Rows; best as many as an episode has steps."""
    discount: float = 0.96
    """Factor, a step, on what is added to earlier rows; less than 1."""
    retroactive: bool = True
    """Whether what comes later is added to earlier rows; false is an ablation."""
    reuse: Reuse = "kept"
    """The usage that a row taken again starts from: its own, `kept` (the paper's rule read
    literally: mostly the row just written is taken again, and a full store nearly freezes), or the
    `mean` of all rows."""
    read_rows: int | None = None
    """Rows that a read takes, those most like its key; none: all of them (RMA: 50)."""

    def __post_init__(self):
        check_at_least(1, rows=self.rows)
        if self.read_rows is not None:
            check_at_least(1, read_rows=self.read_rows)
        check_choice(get_args(Reuse), reuse=self.reuse)
        if not 0.0 <= self.discount < 1.0:
            raise ValueError(
                f"discount is {self.discount}, expected at least 0 and less than 1, as at 1 "
                "nothing is added to earlier rows: to do without, set retroactive to false"
            )

    def build(self, width: int) -> "RetroactiveMemory":
        """Builds the store, for vectors of a width."""
        return RetroactiveMemory(width, self)

    @classmethod
    def tiny(cls) -> "RetroactiveSizes":
        """Eight rows."""
        return cls(rows=8)


class RetroactiveState(NamedTuple):
    """The state of the store.

    Attributes:
        contents: the rows: a written vector and, if retroactive, the discounted sum of later ones.
        scales: one over the norm of each row, kept for reads until the next write.
        trace: the share of the next written vector that goes into the second half of each row.
        usage: the sum of all read weights of each row.
        ages: writes since each row was written, its own included; 0 where it is empty, whatever its
            contents.
        writes: the number of writes.
    """

    contents: Float[Array, "n c"]
    scales: Float[Array, " n"]
    trace: Float[Array, " n"]
    usage: Float[Array, " n"]
    ages: Int[Array, " n"]
    writes: Int[Array, ""]


class RetroactiveMemory(eqx.Module):
    """A matrix of rows read by content; a write also adds its vector to the rows before it.

    With trace v, one-hot w_t of the row taken at t, and the written vector z_t:

        v_t = gamma v_{t-1} + (1 - gamma) w_{t-1}, except that v_t = 0 in the row taken
        M_t = M_{t-1} + w_t [z_t, 0]^T + v_t [0, z_t]^T, the row taken being cleared first

    so that the row written at t holds z_t beside (1 - gamma) sum_{s > t} gamma^(s - t - 1) z_s.
    Empty rows are taken first, in order, then the row of least usage, the first of equals. A step
    reads, any number of times, and then writes. No gradient is stopped: the caller decides. Numbers
    that are not finite are written as zeros.

    Source: Wayne et al. 2018, arXiv 1803.10760, methods, "Memory". Empty rows are never read
    (choice).

    Attributes:
        width: of written vectors, w.
        sizes: rows N, discount gamma, whether rows have the second half (without it they are of
            width w), and the usage that a row taken again starts from.
    """

    width: int = eqx.field(static=True)
    sizes: RetroactiveSizes = eqx.field(static=True, default=RetroactiveSizes())

    def __check_init__(self):
        check_at_least(1, width=self.width)

    @property
    def rows(self) -> int:
        """N."""
        return self.sizes.rows

    @property
    def row_width(self) -> int:
        """The width of a row, and of a key: 2w, or w if not retroactive."""
        return 2 * self.width if self.sizes.retroactive else self.width

    def init_state(self) -> RetroactiveState:
        """An empty store."""
        zeros, counts = (jnp.zeros(self.rows, dtype) for dtype in (jnp.float32, jnp.int32))
        contents = jnp.zeros((self.rows, self.row_width), jnp.float32)
        return RetroactiveState(contents, zeros, zeros, zeros, counts, jnp.zeros((), jnp.int32))

    def reset(self, state: RetroactiveState, first: Bool[Array, ""]) -> RetroactiveState:
        """An empty store where `first`: counters say so, and no row is overwritten."""
        kept = {"contents": state.contents, "scales": state.scales}
        return tree_where(first, self.init_state()._replace(**kept), state)

    def read(
        self, state: RetroactiveState, keys: Float[Array, "k c"], strengths: Float[Array, " k"]
    ) -> tuple[Float[Array, "k c"], Float[Array, "k n"], RetroactiveState]:
        """Reads by cosine: weights are a softmax of strength * cosine(key, row) over written rows,
        or over those of the largest cosines.

        Args:
            state: the store.
            keys: one for each head, as wide as a row.
            strengths: one for each head, at least 0.

        Returns:
            Reads and their weights, both exactly 0 of an empty store, and the store with its usage
            increased.
        """
        unit_keys = keys * inverse_norms(keys)[:, None]
        cosines = jnp.einsum("kc,nc->kn", unit_keys, state.contents) * state.scales[None, :]
        readable = self._readable(jnp.broadcast_to(written(state), cosines.shape), cosines)
        weights = masked_softmax(strengths[:, None] * cosines, readable)
        usage = state.usage + jax.lax.stop_gradient(jnp.sum(weights, axis=0))
        return weights @ state.contents, weights, state._replace(usage=usage)

    def write(self, state: RetroactiveState, z: Float[Array, " w"]) -> RetroactiveState:
        """Writes a vector into a row, and adds it to the second halves of earlier rows."""
        z, free = finite(z), state.writes < self.rows
        least = jax.lax.argmin(state.usage, 0, jnp.int32)
        taken = jnp.arange(self.rows, dtype=jnp.int32) == jnp.where(free, state.writes, least)
        trace = jnp.where(taken, 0.0, state.trace)
        shares = jnp.stack([taken.astype(z.dtype), trace][: 1 + self.sizes.retroactive], axis=1)
        added = (shares[:, :, None] * z[None, None, :]).reshape(self.rows, self.row_width)
        contents = jnp.where(taken[:, None], 0.0, state.contents) + added
        usage, discount = state.usage, self.sizes.discount
        if self.sizes.reuse == "mean":
            usage = jnp.where(taken & ~free, jnp.mean(usage), usage)
        return RetroactiveState(
            contents=contents,
            scales=inverse_norms(contents),
            trace=discount * trace + (1.0 - discount) * taken.astype(z.dtype),
            usage=usage,
            ages=jnp.where(taken, 1, state.ages + (state.ages > 0).astype(jnp.int32)),
            writes=state.writes + 1,
        )

    def without(self, state: RetroactiveState, row: Int[Array, ""]) -> RetroactiveState:
        """The store with a row that counts as empty, and is not read; -1 for none."""
        emptied = jnp.arange(self.rows, dtype=jnp.int32) == row
        return state._replace(ages=jnp.where(emptied, 0, state.ages))

    def _readable(
        self, written: Bool[Array, "k n"], cosines: Float[Array, "k n"]
    ) -> Bool[Array, "k n"]:
        """The written rows of the `read_rows` largest cosines, and of those equal to the least of
        them.
        """
        most = self.sizes.read_rows
        if most is None or most >= self.rows:
            return written
        best, _ = jax.lax.top_k(jnp.where(written, cosines, -jnp.inf), most)
        return written & (cosines >= best[:, -1:])


class ReadHeads(eqx.Module):
    """Keys and strengths from a vector: one linear layer, strengths through softplus."""

    layer: eqx.nn.Linear
    heads: int = eqx.field(static=True)

    def __init__(self, input_size: int, heads: int, row_width: int, *, key: Key[Array, ""]):
        """Args: width of the input, number of heads, width of a row, key."""
        layer = linear(input_size, heads * (row_width + 1), key=key)
        start = jnp.zeros((heads, row_width + 1), jnp.float32).at[:, -1].set(SHARPNESS)
        self.layer = eqx.tree_at(lambda where: where.bias, layer, start.ravel())
        self.heads = heads

    def __call__(self, h: Float[Array, " h"]) -> tuple[Float[Array, "k c"], Float[Array, " k"]]:
        """Keys, one a head, and their strengths."""
        interface = apply(self.layer, h).reshape(self.heads, -1)
        return interface[:, :-1], jax.nn.softplus(interface[:, -1])


def inverse_norms(rows: Float[Array, "n c"]) -> Float[Array, " n"]:
    """One over the root of the sum of squares and epsilon.

    The sum is a matrix product: reductions along rows are not vectorised on CPUs.
    """
    return jax.lax.rsqrt(jnp.square(rows) @ jnp.ones(rows.shape[-1], rows.dtype) + EPSILON)


def written(state: RetroactiveState) -> Bool[Array, " n"]:
    """Which rows are not empty."""
    return state.ages > 0


def recalled(state: RetroactiveState, weights: Float[Array, "k n"]) -> Recall:
    """What a read attended to: the weights of its heads, and the age of each row."""
    valid = written(state)
    return Recall(jnp.where(valid, weights, 0.0), state.ages, valid, head_names(len(weights)))
