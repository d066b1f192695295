"""The divergence of normal distributions, against integration over a line."""

import jax.numpy as jnp
import numpy as np

from engrax.losses.variational import gaussian_divergence
from engrax.nn.distributions import gaussian


def test_the_divergence_is_of_the_posterior_from_the_prior():
    """Both ways: they differ."""
    one, other = jnp.asarray([0.3, -1.2]), jnp.asarray([-0.5, 0.4])  # mean, log-variance
    x = np.linspace(-15, 15, 200_001)

    def log_density(parameters):
        mean, log_variance = map(float, parameters)
        return -0.5 * ((x - mean) ** 2 / np.exp(log_variance) + log_variance + np.log(2 * np.pi))

    def integral(q, p):
        return np.trapezoid(np.exp(log_density(q)) * (log_density(q) - log_density(p)), x)

    pairs = ((one, other), (other, one))
    got = [gaussian_divergence(gaussian(q), gaussian(p)) for q, p in pairs]
    np.testing.assert_allclose(got, [integral(*pair) for pair in pairs], rtol=1e-4)
    assert abs(got[0] - got[1]) > 0.5


def test_components_are_added_up_over_leading_axes():
    posterior = gaussian(jnp.asarray([[0.3, -0.5, -1.2, 0.4], [0.0, 0.0, 0.0, 0.0]]))
    prior = gaussian(jnp.zeros((2, 4)))
    both = gaussian_divergence(posterior, prior)
    alone = [
        gaussian_divergence(gaussian(jnp.asarray(q)), gaussian(jnp.zeros(2)))
        for q in ([0.3, -1.2], [-0.5, 0.4])
    ]
    np.testing.assert_allclose(both, [sum(alone), 0], rtol=1e-5, atol=1e-7)
