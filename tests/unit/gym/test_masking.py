"""Masks of actions: from wherever an environment gives them to acting, learning and playing."""

import gymnasium
import jax
import numpy as np
import pytest
from gymnasium.vector import AutoresetMode, SyncVectorEnv, VectorWrapper

import engrax
from engrax.agents import ActorCriticSizes, MERLINSizes
from engrax.algorithms import PPO
from engrax.errors import ConfigError, UserError
from engrax.gym import GymnasiumTask, host_environments
from engrax.gym.choosing import Workers, seconds_of_a_step
from engrax.gym.masking import checked_mask, random_action, with_mask
from engrax.memory import HCAMSizes
from engrax.runs.policy import Policy
from engrax.runtime import Placement, Trainer
from engrax.types import MaskSpec

from unit.gym.environments import opened
from unit.gym.masking import Doors

WAYS = ("observation", "info", "method")
STREAMS = 3


def allowed(steps):
    return steps.observation["action_mask"]


def played(envs, steps=20):
    """The masks of play that always takes the first open door."""
    shown, masks = opened(envs), []
    for _ in range(steps):
        masks.append(allowed(shown))
        shown = envs.step(np.argmax(masks[-1], axis=-1).astype(np.int32))
    envs.close()
    return np.array(masks)


@pytest.mark.parametrize("workers", [Workers(0), Workers(2)])
@pytest.mark.parametrize("way", WAYS)
def test_a_mask_is_found_wherever_it_is_given(way, workers):
    envs = host_environments(Doors, STREAMS, {"way": way}, workers=workers)
    assert envs.interface.observations["action_mask"] == MaskSpec((5,))
    masks = played(envs)
    assert (masks.sum(-1) == 2).all()
    np.testing.assert_array_equal(masks, played(host_environments(Doors, STREAMS, {"way": "info"})))


@pytest.mark.parametrize("way", WAYS[:2])
@pytest.mark.parametrize("mode", AutoresetMode)
def test_vector_environments_have_masks_too(way, mode):
    made = SyncVectorEnv([lambda: Doors(way)] * STREAMS, autoreset_mode=mode)
    masks = played(host_environments(VectorWrapper(made), STREAMS), 18)
    assert (masks.sum(-1) >= 2).all()
    assert (masks.sum(-1) == 2).mean() > 0.7  # the rest are steps after an episode's last


@pytest.mark.slow
@pytest.mark.parametrize(
    "sizes", [ActorCriticSizes(memory=HCAMSizes.tiny(), hidden=8), MERLINSizes().tiny()]
)
def test_agents_train_where_a_wrong_action_is_an_error(sizes):
    task = GymnasiumTask("unit.gym.masking:Doors")
    trainer = Trainer(
        sizes.build(task.interface, key=jax.random.key(0)),
        task,
        PPO(minibatches=1, epochs=2),
        streams=4,
        segment_length=16,
        placement=Placement(devices=1, workers=2),
        key=jax.random.key(1),
    )
    state = trainer.init()
    for _ in range(3):
        state, metrics = trainer.update(state)
    assert 0.0 < metrics["entropy"] <= np.log(2) + 1e-5  # two doors are open
    assert metrics["worker_restarts"] == 0


@pytest.fixture(scope="module", name="policy")
def made_policy():
    task = GymnasiumTask("unit.gym.masking:Doors")
    sizes = ActorCriticSizes(memory=HCAMSizes.tiny(), hidden=8)
    return lambda streams=None: Policy(
        sizes.build(task.interface, key=jax.random.key(0)), task.translator, streams
    )


def test_a_policy_is_given_the_mask_beside_the_observation(policy):
    env, alone, both = Doors(), policy(), policy(2)
    observation, info = env.reset(seed=0)
    for _ in range(6):
        mask = info["action_mask"]
        action = alone.act(observation, action_mask=mask)
        batch = {"time": np.stack([observation["time"]] * 2)}
        actions, _ = both.predict(batch, action_masks=[mask, mask])
        assert mask[action - 2]
        assert mask[actions - 2].all()
        observation, _, _, _, info = env.step(action)
    assert 2 <= policy().act(observation) < 7


def test_masks_that_do_not_fit_are_refused(policy):
    observation = {"time": np.zeros(1, np.float32)}
    with pytest.raises(ConfigError, match="action_mask has 4 entries, expected 5"):
        policy().act(observation, action_mask=np.ones(4))
    trained = engrax.load("results/none-cartpole-hidden")
    with pytest.raises(UserError, match="a mask of actions was given, but the agent has none"):
        trained.act(np.zeros(2, np.float32), action_mask=np.ones(2))


@pytest.mark.parametrize("way", WAYS)
def test_random_play_keeps_to_the_mask(way):
    """What a run tries before it trains: closed doors raise an error."""
    task = GymnasiumTask("unit.gym.masking:Doors", f'{{"way": "{way}"}}').settled()
    assert not task.states_success
    assert seconds_of_a_step(with_mask(Doors(way))) > 0


def test_a_random_action_of_several_components_is_possible():
    env = gymnasium.Env()
    env.observation_space = gymnasium.spaces.Discrete(2)
    env.action_space = gymnasium.spaces.MultiDiscrete([2, 3])
    mask = np.array([0, 1, 1, 0, 1], bool)
    drawn = {tuple(random_action(env, 0, {"action_mask": mask})) for _ in range(50)}
    assert drawn == {(1, 0), (1, 2)}


def test_masks_of_gymnasium_s_own_taxi_are_found():
    taxi = next(name for name in sorted(gymnasium.registry) if name.startswith("Taxi-v"))
    spec = host_environments(taxi, 2).interface.observations["action_mask"]
    assert spec == MaskSpec((6,))


def test_masks_of_several_components_are_joined():
    np.testing.assert_array_equal(checked_mask(([1, 0], [0, 1, 1]), 5), [1, 0, 0, 1, 1])
