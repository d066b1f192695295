"""How z is inferred: sampled from a posterior that corrects a prior, or as a function."""

import abc

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Key

from engrax.nn.distributions import DiagonalGaussian, gaussian
from engrax.nn.linear import apply, linear

LOG_VARIANCE = -3.0
"""Initial log-variance of z: with noise of 1 means grow and saturate the LSTMs (choice)."""

Inferred = tuple[Float[Array, " z"], DiagonalGaussian | None, DiagonalGaussian | None]
"""z, the prior and the posterior."""


class AbstractInference(eqx.Module):
    """Infers z from the senses and from c = [h_{t-1}, m_{t-1}].

    The senses' part of the first layer is apart, so that a sequence's goes through it in one
    product.
    """

    from_senses: eqx.AbstractVar[eqx.nn.Linear]

    def drive(self, senses: Float[Array, "*t e"]) -> Float[Array, "*t g"]:
        """The observation's part of the first layer, over any leading axes."""
        return apply(self.from_senses, senses)

    @abc.abstractmethod
    def __call__(
        self, driven: Float[Array, " g"], context: Float[Array, " c"], noise: Float[Array, " z"]
    ) -> Inferred:
        """Infers z of one step.

        Args:
            driven: the senses' part of the first layer.
            context: c.
            noise: standard normal.
        """


class SampledInference(AbstractInference):
    """Prior and posterior, two hidden tanh layers of 2|z| each; the posterior corrects the prior.

        prior parameters      = prior(c)
        posterior parameters  = prior parameters + posterior([e_t, c, prior parameters])

    Source: Wayne et al. 2018, arXiv 1803.10760, methods, "Memory-based predictor".
    """

    prior: tuple[eqx.nn.Linear, ...]
    posterior: tuple[eqx.nn.Linear, ...]
    from_senses: eqx.nn.Linear

    def __init__(self, senses: int, context: int, latent: int, *, key: Key[Array, ""]):
        """Args: widths of e, of [h, m] and of z; key."""
        prior_key, posterior_key, senses_key = jax.random.split(key, 3)
        *hidden, last = _layers((context, *(3 * [2 * latent])), prior_key)
        means, log_variances = (jnp.full(latent, x, jnp.float32) for x in (0.0, LOG_VARIANCE))
        start = jnp.concatenate([means, log_variances])
        self.prior = (*hidden, eqx.tree_at(lambda where: where.bias, last, start))
        self.posterior = _layers((context + 2 * latent, *(3 * [2 * latent])), posterior_key)
        self.from_senses = linear(senses, 2 * latent, key=senses_key, bias=False)

    def __call__(
        self, driven: Float[Array, " g"], context: Float[Array, " c"], noise: Float[Array, " z"]
    ) -> Inferred:
        """A sample of the posterior."""
        expected = _through(self.prior, apply(self.prior[0], context))
        first = driven + apply(self.posterior[0], jnp.concatenate([context, expected]))
        posterior = gaussian(expected + _through(self.posterior, first))
        return posterior.sample(noise), gaussian(expected), posterior


class FunctionInference(AbstractInference):
    """z is a function of the senses and of c, by two hidden tanh layers of 2|z|: no prior, and no
    noise.

    Source: Hung et al. 2019, arXiv 1810.06721, methods, "Reconstructive memory agent".
    """

    layers: tuple[eqx.nn.Linear, ...]
    from_senses: eqx.nn.Linear

    def __init__(self, senses: int, context: int, latent: int, *, key: Key[Array, ""]):
        """Args: widths of e, of [h, m] and of z; key."""
        layers_key, senses_key = jax.random.split(key)
        self.layers = _layers((context, 2 * latent, 2 * latent, latent), layers_key)
        self.from_senses = linear(senses, 2 * latent, key=senses_key, bias=False)

    def __call__(
        self, driven: Float[Array, " g"], context: Float[Array, " c"], noise: Float[Array, " z"]
    ) -> Inferred:
        """z; there is no distribution, and the noise is not used."""
        del noise
        return _through(self.layers, driven + apply(self.layers[0], context)), None, None


def _layers(sizes: tuple[int, ...], key: Key[Array, ""]) -> tuple[eqx.nn.Linear, ...]:
    keys = jax.random.split(key, len(sizes) - 1)
    return tuple(linear(i, o, key=k) for i, o, k in zip(sizes[:-1], sizes[1:], keys, strict=True))


def _through(layers: tuple[eqx.nn.Linear, ...], first: Float[Array, " g"]) -> Float[Array, " o"]:
    """The output of tanh layers, given the first layer's part for the input."""
    for layer in layers[1:]:
        first = apply(layer, jnp.tanh(first))
    return first
