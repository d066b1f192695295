"""An LSTM around a store as a slow float64 loop; the stores are in `oracles.ntm` and
`oracles.dnc`.
"""

import numpy as np

from oracles.hcam import linear
from oracles.merlin import lstm, still


class Rows:
    """N rows that are erased and added to, and the list of all writes.

    Attributes:
        matrix: M.
        writes: of each step what was written into each row: weight times the norm of what was
            added.
        kept: of each step how much of what a row held was left: 1 - weight times the mean of what
            was erased.
    """

    def __init__(self, rows, width):
        self.matrix, self.writes, self.kept = np.zeros((rows, width)), [], []

    def write(self, weights, erase, add):
        after = np.zeros_like(self.matrix)
        for i in range(after.shape[0]):
            for j in range(after.shape[1]):
                after[i, j] = self.matrix[i, j] * (1 - weights[i] * erase[j]) + weights[i] * add[j]
        self.matrix = after
        self.writes.append(weights * np.sqrt(np.sum(add**2)))
        self.kept.append(1 - weights * np.mean(erase))

    def steps_ago(self, i):
        """How many steps ago the write was of which most is left in row i."""
        left = [
            write[i] * np.prod([kept[i] for kept in self.kept[s + 1 :]])
            for s, write in enumerate(self.writes)
        ]
        return len(left) - 1 - int(np.argmax(left))


def softplus(x):
    return np.log1p(np.exp(x))


def run(memory, make, xs, firsts):
    """Outputs of all steps, the weights of their reads, and how many steps ago each row was mainly
    written.

    Args:
        memory: whose parameters these are.
        make: gives an empty store.
        xs: inputs.
        firsts: where episodes begin.
    """
    steps, store = [], None
    for x, first in zip(np.asarray(xs, np.float64), firsts, strict=True):
        if first or store is None:
            store, states = make(), still(memory.lstm)
            reads = np.zeros(memory.output_size - memory.lstm.output_size)
        states, hidden = lstm(memory.lstm, states, np.concatenate([x, reads]))
        weights = store.access(linear(memory.interface, hidden))
        reads = np.concatenate([weight @ store.rows.matrix for weight in weights])
        ages = [store.rows.steps_ago(i) for i in range(len(store.rows.matrix))]
        steps.append((np.concatenate([hidden, reads]), np.array(weights), np.array(ages)))
    return tuple(np.stack(part) for part in zip(*steps, strict=True))
