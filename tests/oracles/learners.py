"""Learners' targets and losses as slow float64 loops."""

import numpy as np


def advantages(rewards, discounts, values, void, trace):
    """Generalised advantages: each the sum of later temporal-difference errors, until the episode's
    end.
    """
    length = len(rewards)
    result = np.zeros(length)
    for t in range(length):
        factor = 1.0
        for s in range(t, length):
            if void[s]:
                break
            result[t] += factor * (rewards[s] + discounts[s] * values[s + 1] - values[s])
            factor *= trace * discounts[s]
    return result


def vtrace(rewards, discounts, values, void, ratios, trace, value_clip, trace_clip):
    """V-trace's targets and advantages: every target as its own sum over the rest of the
    episode.
    """
    length = len(rewards)
    targets = np.array(values, np.float64)
    for t in range(length):
        factor = 1.0
        for s in range(t, length):
            if void[s]:
                break
            error = rewards[s] + discounts[s] * values[s + 1] - values[s]
            targets[t] += factor * min(value_clip, ratios[s]) * error
            factor *= discounts[s] * trace * min(trace_clip, ratios[s])
    result = np.zeros(length)
    for t in range(length):
        if not void[t]:
            ahead = rewards[t] + discounts[t] * targets[t + 1]
            result[t] = min(value_clip, ratios[t]) * (ahead - values[t])
    return targets[:-1], result


def softmax(logits):
    weights = np.exp(np.asarray(logits, np.float64) - np.max(logits))
    return weights / weights.sum()


def surrogate(settings, ratio, advantage, now, action):
    """PPO's clipped loss of one step."""
    clipped = min(max(ratio, 1 - settings.clip), 1 + settings.clip)
    return -min(ratio * advantage, clipped * advantage)


def policy_gradient(settings, ratio, advantage, now, action):
    """The actor's loss of one step, the ratio being in the advantage already."""
    return -advantage * np.log(now[action])


def loss(settings, policy_loss, behaviour, targets, outputs, auxiliary, effective, valid):
    """The scalar loss of a batch, one step at a time.

    `behaviour` is (logits, actions), `targets` are (advantages, returns), `outputs` (logits,
    values): lists over streams.
    """
    policy = value = entropy = extra = 0.0
    steps = n_effective = n_valid = 0
    for b in range(len(valid)):
        for t in range(len(valid[b])):
            steps += 1
            extra += sum(part[b][t] for part in auxiliary.values())
            if valid[b][t]:
                n_valid += 1
                value += 0.5 * (targets[1][b][t] - outputs[1][b][t]) ** 2
            if effective[b][t]:
                n_effective += 1
                now, then = softmax(outputs[0][b][t]), softmax(behaviour[0][b][t])
                action = behaviour[1][b][t]
                policy += policy_loss(
                    settings, now[action] / then[action], targets[0][b][t], now, action
                )
                entropy -= np.sum(now * np.log(now))
    total = policy / n_effective - settings.entropy_cost * entropy / n_effective
    return total + settings.value_cost * value / n_valid + extra / steps
