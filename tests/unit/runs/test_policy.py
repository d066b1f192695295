"""A trained agent in a program of one's own."""

import gymnasium
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from gymnasium import spaces

import engrax
from engrax.agents import ActorCriticSizes
from engrax.envs import Recall
from engrax.errors import UserError
from engrax.memory import LSTMSizes
from engrax.runs.policy import Parts, Policy, PolicyState
from engrax.testing.contract import quick_jit
from engrax.types import AgentInput, Interface, VectorSpec

from ..gym.environments import Counting

GAME, STEPS = Recall(delay=2), 12
SIZES = ActorCriticSizes(memory=LSTMSizes(width=8), hidden=8, reconstruction=False)


@pytest.fixture(scope="module")
def agent():
    return quick_jit(lambda key: SIZES.build(GAME.interface, key=key))(jax.random.key(0))


@pytest.fixture(scope="module")
def episodes():
    """Observations, rewards and firsts of 3 streams, [steps, 3] each: episodes at random."""
    numbers = np.random.default_rng(0)
    specs = GAME.interface.observations.items()
    seen = [{name: spec.draw(numbers, (3,)) for name, spec in specs} for _ in range(STEPS)]
    firsts = numbers.random((STEPS, 3)) < 0.2
    firsts[0] = True
    return seen, numbers.random((STEPS, 3)).astype(np.float32), firsts


def make(agent, streams=None, seed=0):
    return Policy(agent, Parts(GAME.interface), streams, seed)


def test_actions_are_those_of_the_agent_stepped_by_hand(agent, episodes):
    """One stream; the agent is given the reward, its own last action, and a key a step."""
    policy, state = make(agent, seed=3), agent.init_state()
    key, previous = jax.random.split(jax.random.key(3), 1)[0], jnp.zeros((), jnp.int32)
    step = quick_jit(lambda agent, state, inp, key: agent.step(state, inp, key=key))
    for time, (seen, rewards, firsts) in enumerate(zip(*episodes, strict=True)):
        one = {name: part[0] for name, part in seen.items()}
        got = policy.act(one, first=firsts[0], reward=rewards[0])
        inp = AgentInput(
            {name: jnp.asarray(part) for name, part in one.items()},
            previous, jnp.asarray(rewards[0]), jnp.asarray(firsts[0]),
        )  # fmt: skip
        state, previous, _ = step(agent, state, inp, jax.random.fold_in(key, time))
        assert got == previous
        assert isinstance(got, np.integer)


def test_streams_side_by_side_are_the_same_as_each_alone(agent, episodes):
    together, alone = make(agent, 3), [make(agent) for _ in range(3)]
    for seen, rewards, firsts in zip(*episodes, strict=True):
        got = together.act(seen, first=firsts, reward=rewards, greedy=True)
        for stream, policy in enumerate(alone):
            one = {name: part[stream] for name, part in seen.items()}
            given = {"first": firsts[stream], "reward": rewards[stream], "greedy": True}
            assert got[stream] == policy.act(one, **given)


def test_predict_is_act_with_the_state_in_the_hands_of_the_caller(agent, episodes):
    keeps, gives, state = make(agent, 3), make(agent, 3), None
    for seen, rewards, firsts in zip(*episodes, strict=True):
        wanted = keeps.act(seen, first=firsts, reward=rewards)
        got, state = gives.predict(seen, state, episode_start=firsts, reward=rewards)
        np.testing.assert_array_equal(got, wanted)
        assert isinstance(state, PolicyState)


def test_reset_opens_an_episode(agent, episodes):
    policy, (seen, _, _) = make(agent, 3), episodes
    first = [policy.act(one) for one in seen]
    policy.reset()
    np.testing.assert_array_equal([policy.act(one) for one in seen], first)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"observation": 3}, r"an observation is <class 'int'>, expected a dict of"),
        ({"first": [True, False]}, r"first has shape \[2\], expected one value for each of 3"),
        ({"reward": np.zeros((3, 1))}, r"reward has shape \[3, 1\], expected one value"),
    ],
)
def test_what_does_not_fit(agent, episodes, given, message):
    arguments = {"observation": episodes[0][0], **given}
    with pytest.raises(UserError, match=message):
        make(agent, 3).act(**arguments)


def test_observations_that_do_not_fit(agent, episodes):
    seen = episodes[0][0]
    name = next(iter(seen))
    with pytest.raises(UserError, match=rf"observation '{name}' has shape .* expected"):
        make(agent).act(seen)
    with pytest.raises(UserError, match=r"is of 3 streams, expected 2: .* streams=3"):
        make(agent, 2).act(seen)
    with pytest.raises(UserError, match="streams is 0, expected at least 1"):
        make(agent, 0)
    other = Interface({"touch": VectorSpec(2)}, GAME.interface.actions)
    with pytest.raises(UserError, match="this agent cannot play here"):
        Policy(agent, Parts(other))


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A run of two updates in an environment that a function of this module makes."""
    out = tmp_path_factory.mktemp("runs") / "counting"
    settings = {"memory.width": "8", "streams": "4", "segment_length": "8", "agent.hidden": "8"}
    outcome = engrax.train(counting, out, memory="lstm", steps=64, settings=settings)
    assert outcome.updates == 2
    return out


def counting():
    return Counting(length=4)


@pytest.mark.slow
def test_from_an_environment_of_one_s_own_to_a_policy_in_it(trained):
    env, policy = counting(), engrax.load(trained)
    seen, first, reward = env.reset(seed=1)[0], True, 0.0
    for _ in range(9):
        action = policy.act(seen, first=first, reward=reward)
        assert env.action_space.contains(action)  # its actions are counted from 1
        seen, reward, *ends, _ = env.step(action)
        if first := any(ends):
            seen, reward = env.reset()[0], 0.0


@pytest.mark.slow
def test_a_policy_for_a_vector_environment(trained):
    envs = gymnasium.vector.SyncVectorEnv([counting] * 3)
    policy = engrax.load(trained, envs)
    assert policy.streams == 3
    seen, first = envs.reset(seed=1)[0], np.ones(3, bool)
    for _ in range(9):
        seen, reward, terminated, truncated, _ = envs.step(policy.act(seen, first=first))
        first = terminated | truncated
        assert reward.shape == (3,)


@pytest.mark.slow
def test_another_environment_is_refused_by_name(trained):
    class Other(Counting):
        action_space = spaces.Discrete(4)

    message = "this agent cannot play here: actions are .*4.*, expected .*3"
    with pytest.raises(UserError, match=message):
        engrax.load(trained, Other())
