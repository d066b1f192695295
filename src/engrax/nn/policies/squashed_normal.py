"""The distribution over continuous actions: a normal distribution squashed into the bounds."""

import math

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Key

from engrax.nn.policies.base import AbstractPolicy
from engrax.types import Action, Continuous

SCALES = (-5.0, 2.0)
"""The least and the largest log of the standard deviation."""
_NODES, _WEIGHTS = np.polynomial.hermite_e.hermegauss(16)
_WEIGHTS = _WEIGHTS / math.sqrt(2.0 * math.pi)


class SquashedNormal(AbstractPolicy):
    """low + (high - low) (1 + tanh u) / 2, where u is normal with independent components.

        log p(a) = log N(u; mean, scale) - sum log abs(da / du),   da/du = (high - low) (1 -
        tanh(u)^2) / 2

    Source: Haarnoja et al. 2018, arXiv 1812.05905, appendix C. The entropy is that of the normal
    distribution plus the expected log-derivative, by Gauss-Hermite quadrature with 16 nodes (ours:
    exact to rounding for moderate scales, and no sampling noise).

    Attributes:
        mean: of u.
        log_scale: the logarithm of u's standard deviation.
        low: the least action.
        high: the largest action.
    """

    mean: Float[Array, "*t k"]
    log_scale: Float[Array, "*t k"]
    low: tuple[float, ...] = eqx.field(static=True)
    high: tuple[float, ...] = eqx.field(static=True)

    @classmethod
    def size(cls, actions: Continuous) -> int:
        """A mean and a scale a component."""
        return 2 * len(actions.low)

    @classmethod
    def of(cls, actions: Continuous, outputs: Float[Array, "*t o"]) -> "SquashedNormal":
        """The outputs are the means, then the logarithms of the scales, which are clipped to
        `SCALES`.
        """
        mean, log_scale = jnp.split(outputs, 2, axis=-1)
        return cls(mean, jnp.clip(log_scale, *SCALES), actions.low, actions.high)

    @classmethod
    def code_size(cls, actions: Continuous) -> int:
        """One a component."""
        return len(actions.low)

    @classmethod
    def code(cls, actions: Continuous, action: Float[Array, "*t k"]) -> Float[Array, "*t c"]:
        """-1 at the least action, 1 at the largest."""
        low, high = (jnp.broadcast_to(jnp.asarray(bound), action.shape) for bound in actions.bounds)
        return 2.0 * (action - low) / (high - low) - 1.0

    @classmethod
    def code_cost(
        cls, actions: Continuous, predicted: Float[Array, "*t c"], action: Action
    ) -> Float[Array, "*t"]:
        """Half the squared error, summed over components."""
        return 0.5 * jnp.sum(jnp.square(predicted - cls.code(actions, action)), axis=-1)

    def sample(self, key: Key[Array, ""]) -> Float[Array, "*t k"]:
        """Draws an action."""
        noise = jax.random.normal(key, self.mean.shape, self.mean.dtype)
        return self._squash(self.mean + jnp.exp(self.log_scale) * noise)

    def mode(self) -> Float[Array, "*t k"]:
        """The action of the mean of u."""
        return self._squash(self.mean)

    def log_probability(self, action: Float[Array, "*t k"]) -> Float[Array, "*t"]:
        """The log-density; an action at a bound counts as one just inside."""
        code = self.code(Continuous(self.low, self.high), action)
        u = jnp.arctanh(jnp.clip(code, -1.0 + 1e-6, 1.0 - 1e-6))
        normal = -0.5 * jnp.square((u - self.mean) * jnp.exp(-self.log_scale)) - self.log_scale
        return jnp.sum(normal - 0.5 * math.log(2.0 * math.pi) - self._log_derivative(u), axis=-1)

    def entropy(self) -> Float[Array, "*t"]:
        """The differential entropy."""
        nodes = (jnp.asarray(node, jnp.float32) for node in _NODES)
        expected = sum(
            weight * self._log_derivative(self.mean + jnp.exp(self.log_scale) * node)
            for node, weight in zip(nodes, map(float, _WEIGHTS), strict=True)
        )
        normal = 0.5 * math.log(2.0 * math.pi * math.e) + self.log_scale
        return jnp.sum(normal + expected, axis=-1)

    def features(self) -> Float[Array, "*t o"]:
        """Means and logarithms of scales."""
        return jnp.concatenate([self.mean, self.log_scale], axis=-1)

    def _squash(self, u: Float[Array, "*t k"]) -> Float[Array, "*t k"]:
        low, width = self._range(u.shape)
        return low + width * (0.5 * (1.0 + jnp.tanh(u)))

    def _log_derivative(self, u: Float[Array, "*t k"]) -> Float[Array, "*t k"]:
        """log(width / 2) + log(1 - tanh(u)^2), which is 2 (log 2 - u - softplus(-2u)), without
        overflow.
        """
        _, width = self._range(u.shape)
        return jnp.log(0.5 * width) + 2.0 * (math.log(2.0) - u - jax.nn.softplus(-2.0 * u))

    def _range(self, shape: tuple[int, ...]) -> tuple[Float[Array, "*t k"], Float[Array, "*t k"]]:
        low, high = jnp.asarray(self.low, jnp.float32), jnp.asarray(self.high, jnp.float32)
        return jnp.broadcast_to(low, shape), jnp.broadcast_to(high - low, shape)
