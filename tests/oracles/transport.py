"""Temporal value transport as slow loops over heads, runs of strong reads, and rows."""

import numpy as np


def transported(share, threshold, discount, reads, values, firsts):
    """What every step gets; `reads` are strengths [t, k], weights [t, k, n] and ages [t, n]."""
    strengths, weights, ages = reads
    steps, heads = strengths.shape
    given, horizon = np.zeros(steps), 1 / (1 - discount)
    for head in range(heads):
        for run in runs(strengths[:, head] > threshold, firsts):
            peak = max(run, key=lambda t: (strengths[t, head], -t))
            if peak + 1 < steps and firsts[peak + 1]:
                continue  # it closes its episode
            for row, age in enumerate(ages[peak]):
                t = peak - age
                if age and 0 <= t < peak - horizon:
                    given[t] += share * weights[peak, head, row] * values[peak]
    return given


def runs(strong, firsts):
    """Lists of neighbouring steps of one episode that are strong."""
    found = []
    for t, is_strong in enumerate(strong):
        if not is_strong:
            continue
        if found and found[-1][-1] == t - 1 and not firsts[t]:
            found[-1].append(t)
        else:
            found.append([t])
    return found
