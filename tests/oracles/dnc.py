"""The DNC's store as slow float64 loops, written from the methods of the paper, with the epsilon of
our docstrings.
"""

import numpy as np

from oracles.controller import Rows, softplus
from oracles.merlin import cosine, sigmoid, softmax


def oneplus(x):
    return 1 + softplus(x)


class DNC:
    """The state of one step, in the paper's letters: M is in `rows`."""

    def __init__(self, rows, width, heads):
        self.rows, self.width, self.heads = Rows(rows, width), width, heads
        self.u, self.p, self.L = np.zeros(rows), np.zeros(rows), np.zeros((rows, rows))
        self.ww, self.wr = np.zeros(rows), [np.zeros(rows) for _ in range(heads)]

    def parse(self, interface):
        """The parts of the interface in the paper's order: R keys, R strengths, a key, ..., R
        modes.
        """
        words, heads, parts, start = self.width, self.heads, [], 0
        for size in (heads * words, heads, words, 1, words, words, heads, 1, 1, 3 * heads):
            parts.append(interface[start : start + size])
            start += size
        assert start == len(interface) == words * heads + 3 * words + 5 * heads + 3
        return parts

    def access(self, interface):
        """Writes, then reads; the weights of the read heads."""
        kr, br, kw, bw, e, v, f, ga, gw, pi = self.parse(interface)
        self.use(sigmoid(f))
        content, (ga,), (gw,) = self.content(kw, oneplus(bw[0])), sigmoid(ga), sigmoid(gw)
        self.ww = gw * (ga * allocation(self.u) + (1 - ga) * content)
        self.rows.write(self.ww, sigmoid(e), v)
        self.link()
        keys, modes = kr.reshape(self.heads, -1), pi.reshape(3, self.heads)
        for r in range(self.heads):
            backward, forward, mode = (
                self.L.T @ self.wr[r],
                self.L @ self.wr[r],
                softmax(modes[:, r]),
            )
            self.wr[r] = (
                mode[0] * backward
                + mode[1] * self.content(keys[r], oneplus(br[r]))
                + mode[2] * forward
            )
        return list(self.wr)

    def content(self, key, strength):
        return softmax([strength * cosine(key, row) for row in self.rows.matrix])

    def use(self, f):
        for i in range(len(self.u)):
            retention = np.prod([1 - f[r] * self.wr[r][i] for r in range(self.heads)])
            self.u[i] = (self.u[i] + self.ww[i] - self.u[i] * self.ww[i]) * retention

    def link(self):
        count, w, after = len(self.u), self.ww, np.zeros_like(self.L)
        for i in range(count):
            for j in range(count):
                if i != j:
                    after[i, j] = (1 - w[i] - w[j]) * self.L[i, j] + w[i] * self.p[j]
        self.L, self.p = after, (1 - w.sum()) * self.p + w


def allocation(u):
    """The free list phi in ascending order of usage; a[phi_j] = (1 - u[phi_j]) times the product of
    u[phi_i], i < j.
    """
    weights, product = np.zeros(len(u)), 1.0
    for row in np.argsort(u, kind="stable"):
        weights[row] = (1 - u[row]) * product
        product *= u[row]
    return weights
