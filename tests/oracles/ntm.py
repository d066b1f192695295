"""The NTM's store as slow float64 loops, written from section 3 of the paper, with the epsilons of
our docstrings.
"""

import numpy as np

from oracles.controller import Rows, softplus
from oracles.merlin import EPSILON, cosine, sigmoid, softmax


class NTM:
    """Heads on rows; `before` are the weights of the step before, the write head's first."""

    def __init__(self, rows, width, heads):
        self.rows, self.width = Rows(rows, width), width
        self.before = [np.eye(rows)[0] for _ in range(heads + 1)]

    def access(self, interface):
        """Writes, then reads; the weights of the read heads."""
        ends = 2 * self.width + (self.width + 6) * np.arange(len(self.before))
        erase, add, *heads = np.split(interface, [self.width, *ends])
        self.before[0] = self.address(heads[0], self.before[0])
        self.rows.write(self.before[0], sigmoid(erase), add)
        self.before[1:] = [
            self.address(head, w) for head, w in zip(heads[1:], self.before[1:], strict=True)
        ]
        return self.before[1:]

    def address(self, head, before):
        """Equations 5 to 9."""
        key, strength, gate = (
            head[: self.width],
            softplus(head[self.width]),
            sigmoid(head[self.width + 1]),
        )
        shifts, power = (
            softmax(head[self.width + 2 : self.width + 5]),
            1 + softplus(head[self.width + 5]),
        )
        content = softmax([strength * cosine(key, row) for row in self.rows.matrix])
        gated = gate * content + (1 - gate) * before
        count = len(gated)
        shifted = np.zeros(count)
        for i in range(count):
            for s, share in zip((-1, 0, 1), shifts, strict=True):
                shifted[i] += gated[(i - s) % count] * share
        powers = (shifted + EPSILON) ** power
        return powers / powers.sum()
