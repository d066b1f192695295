"""MERLIN, its memory and its learner's targets as slow float64 loops, from the specification.

What the specification leaves open is taken from the docstrings: the hidden units of an MLP, the
bias of the LSTM's forget gate, the previous action's code, the ablations. Encoders are given as
their features.
"""

from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from oracles.hcam import linear

EPSILON = 1e-6


def random_parameters(make, seed=0):
    """What `make` makes, with random numbers for all parameters, biases too; none are compiled."""
    numbers = np.random.default_rng(seed)

    def draw(leaf):
        scale = 0.3 if len(leaf.shape) < 2 else np.prod(leaf.shape[1:]) ** -0.5
        return jnp.asarray(scale * numbers.standard_normal(leaf.shape), leaf.dtype)

    return jax.tree.map(draw, eqx.filter_eval_shape(make))


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def softmax(scores):
    weights = np.exp(np.asarray(scores) - np.max(scores))
    return weights / weights.sum()


class Store:
    """The memory of an episode as the list of all that was written; rows are computed when read.

    Attributes:
        past: every vector written.
        time: which write each row in use holds, by the row's number.
        usage: the sum of the weights with which each row was read, unless `reuse` changed it.
    """

    def __init__(self, rows, width, discount, retroactive=True, reuse="kept", read_rows=None):
        self.rows, self.width, self.discount, self.retroactive, self.reuse = (
            rows,
            width,
            discount,
            retroactive,
            reuse,
        )
        self.read_rows = rows if read_rows is None else read_rows
        self.past, self.time, self.usage = [], {}, np.zeros(rows)

    def row(self, n):
        """[z_t, (1 - gamma) sum_{s > t} gamma^(s - t - 1) z_s]; zeros where nothing was written."""
        if n not in self.time:
            return np.zeros((1 + self.retroactive) * self.width)
        t, later = self.time[n], np.zeros(self.width)
        for s in range(t + 1, len(self.past)):
            later += (1 - self.discount) * self.discount ** (s - t - 1) * self.past[s]
        return np.concatenate([self.past[t], later]) if self.retroactive else self.past[t]

    def contents(self):
        return np.stack([self.row(n) for n in range(self.rows)])

    def read(self, keys, strengths):
        """Reads and weights of every head."""
        contents, weights = self.contents(), np.zeros((len(keys), self.rows))
        used = sorted(self.time)
        for head, (key, strength) in enumerate(zip(keys, strengths, strict=True)):
            likeness = {n: cosine(key, contents[n]) for n in used}
            taken = sorted(used, key=lambda n: -likeness[n])[: self.read_rows]
            if taken:
                weights[head, taken] = softmax([strength * likeness[n] for n in taken])
        self.usage = self.usage + weights.sum(0)
        return weights @ contents, weights

    def write(self, z):
        """Into the next free row, else into that of least usage, the first of equals."""
        row = len(self.time)
        if row == self.rows:
            row = min(range(self.rows), key=lambda n: (self.usage[n], n))
            if self.reuse == "mean":
                self.usage[row] = self.usage.mean()
        self.time[row] = len(self.past)
        self.past.append(np.asarray(z, np.float64))


def store_of(store):
    """The empty oracle of a `RetroactiveMemory`."""
    sizes = store.sizes
    return Store(
        sizes.rows,
        store.width,
        sizes.discount,
        sizes.retroactive,
        sizes.reuse,
        sizes.read_rows,
    )


def cosine(a, b):
    return a @ b / (np.sqrt(a @ a + EPSILON) * np.sqrt(b @ b + EPSILON))


def lstm(stack, states, x):
    """Layers, each on the output of the one below: their states (output, cell), and all outputs."""
    after = []
    for cell, (hidden, memory) in zip(stack.cells, states, strict=True):
        i, f, g, o = np.split(linear(cell.from_input, x) + linear(cell.from_hidden, hidden), 4)
        memory = sigmoid(f + 1) * memory + sigmoid(i) * np.tanh(g)
        x = sigmoid(o) * np.tanh(memory)
        after.append((x, memory))
    return after, np.concatenate([hidden for hidden, _ in after])


def still(stack):
    return [(np.zeros(cell.size), np.zeros(cell.size)) for cell in stack.cells]


def mlp(network, x):
    return linear(network.layers[1], np.maximum(linear(network.layers[0], x), 0))


def two_tanh_layers(layers, first):
    """A network with two hidden layers, given what goes into the first tanh."""
    return linear(layers[2], np.tanh(linear(layers[1], np.tanh(first))))


def divergence(posterior, prior):
    """KL(posterior || prior) of normal distributions given as [means, log-variances]."""
    (mean, log_variance), (mean_p, log_variance_p) = np.split(posterior, 2), np.split(prior, 2)
    total = 0.0
    for m, v, m_p, v_p in zip(
        mean, np.exp(log_variance), mean_p, np.exp(log_variance_p), strict=True
    ):
        total += np.log(np.sqrt(v_p / v)) + (v + (m - m_p) ** 2) / (2 * v_p) - 0.5
    return total


class Step(NamedTuple):
    """The results of one step; those that need the action are None where it is not known."""

    prior: Any
    posterior: Any
    latent: Any
    policy_features: Any
    logits: Any
    value: Any
    advantage: Any
    predictor_features: Any


class Merlin:
    """The agent's forward step in the order of the paper, over one stream.

    Args:
        agent: whose parameters these are.
        action_scale: the factor on the action's code in the predictor's input.
    """

    def __init__(self, agent, action_scale):
        self.agent, self.core, self.action_scale = agent, agent.core, action_scale
        self.reset()

    def reset(self):
        core, store = self.core, self.core.store
        self.store = store_of(store)
        self.predictor, self.policy = still(core.predictor), still(core.policy)
        self.h = np.zeros(sum(cell.size for cell in core.predictor.cells))
        self.m = np.zeros(core.predictor_heads.heads * store.row_width)
        self.m_policy = np.zeros(store.row_width)

    def step(self, features, inp, noise, action):
        """One step; `inp` is (previous action, previous reward, first), `action` may be None."""
        if inp[2]:
            self.reset()
        agent, core = self.agent, self.core
        z, prior, posterior = self.infer(np.concatenate([features, self.past(*inp)]), noise)
        self.policy, hidden = lstm(core.policy, self.policy, np.concatenate([z, self.m_policy]))
        asking = np.concatenate([hidden, z]) if agent.sizes.latent_in_key else hidden
        self.m_policy = self.read(core.policy_head, asking)
        seen = np.concatenate([hidden, self.m_policy])
        logits = mlp(agent.policy, np.concatenate([z, seen]))
        remembered = [self.m] if agent.sizes.memory_in_value else []
        value = mlp(agent.value, np.concatenate([z, np.log(softmax(logits)), *remembered]))[0]
        done = Step(prior, posterior, z, seen, logits, value, None, None)
        if action is None:
            return done
        code = np.eye(agent.actions.size)[action]
        advantage = mlp(agent.advantage, np.concatenate([z, code]))[0]
        sensed = np.concatenate([z, self.action_scale * code, self.m])
        self.predictor, self.h = lstm(core.predictor, self.predictor, sensed)
        self.m = self.read(core.predictor_heads, self.h)
        self.store.write(z)
        return done._replace(
            advantage=advantage, predictor_features=np.concatenate([self.h, self.m])
        )

    def past(self, action, reward, first):
        """The previous action, one-hot with a last code for "none", and the previous reward."""
        size = self.agent.actions.size
        code = np.eye(size + 1)[size if first else action]
        return self.agent.sizes.past_scale * np.append(code, 0.0 if first else reward)

    def infer(self, e, noise):
        """z, prior, and posterior = prior + f(e, h, m, prior); or z = f(e, h, m)."""
        network, context = self.core.inference, np.concatenate([self.h, self.m])
        if not self.agent.sizes.sampled:
            first = linear(network.from_senses, e) + linear(network.layers[0], context)
            return two_tanh_layers(network.layers, first), None, None
        prior = two_tanh_layers(network.prior, linear(network.prior[0], context))
        first = linear(network.from_senses, e) + linear(
            network.posterior[0], np.concatenate([context, prior])
        )
        posterior = prior + two_tanh_layers(network.posterior, first)
        mean, log_variance = np.split(posterior, 2)
        return mean + np.exp(log_variance / 2) * noise, prior, posterior

    def read(self, heads, hidden):
        interface = linear(heads.layer, hidden).reshape(heads.heads, -1)
        return self.store.read(interface[:, :-1], np.log1p(np.exp(interface[:, -1])))[0].ravel()


def bernoulli_cost(logits, image):
    """Cross-entropy in nats, summed over pixels and channels; intensities are probabilities."""
    total = 0.0
    for logit, intensity in zip(np.ravel(logits).astype(np.float64), np.ravel(image), strict=True):
        p, target = sigmoid(logit), intensity / 255
        total -= target * np.log(p) + (1 - target) * np.log(1 - p)
    return total


def softmax_costs(logits, sizes, symbols):
    """The sum of the cross-entropies of features, whose logits follow one another."""
    total = 0.0
    for row, values in zip(logits, np.reshape(symbols, (-1, len(sizes))), strict=True):
        for part, value in zip(np.split(row, np.cumsum(sizes)[:-1]), values, strict=True):
            total -= np.log(softmax(part)[value])
    return total


def advantages(rewards, discounts, values, void, trace):
    """Means of the advantages over the next 1, 2, 3, ... steps, weighted by powers of lambda."""
    result = np.zeros(len(rewards))
    for t in range(len(rewards)):
        if void[t]:
            continue
        better = [n_step(rewards, discounts, values, t, end) - values[t] for end in ends(void, t)]
        weights = [(1 - trace) * trace**n for n in range(len(better))]
        weights[-1] = trace ** (len(better) - 1)
        result[t] = np.dot(weights, better)
    return result


def returns(rewards, discounts, values, void):
    """Discounted returns to the end of the segment or episode, then the value of its last step.

    A void transition does not count: its return is left at the value.
    """
    result = np.array(values[:-1], np.float64)
    for t in range(len(rewards)):
        if not void[t]:
            result[t] = n_step(rewards, discounts, values, t, ends(void, t)[-1])
    return result


def ends(void, t):
    """The steps after t that a run of transitions can lead to, before the first void one."""
    stop = next((s for s in range(t, len(void)) if void[s]), len(void))
    return list(range(t + 1, stop + 1))


def n_step(rewards, discounts, values, t, end):
    total, factor = 0.0, 1.0
    for s in range(t, end):
        total, factor = total + factor * rewards[s], factor * discounts[s]
    return total + factor * values[end]
