"""What `engrax.train` takes: experiments from whatever names, makes or is an environment."""

import gymnasium
import pytest
from gymnasium.vector import SyncVectorEnv, VectorWrapper
from gymnasium.wrappers import TransformReward

import engrax
from engrax.agents import ActorCriticSizes, MERLINSizes
from engrax.envs import Recall
from engrax.errors import ConfigError
from engrax.experiments import Experiment
from engrax.gym.task import GymnasiumTask
from engrax.memory import HCAMSizes, LSTMSizes
from engrax.runs.asking import experiment_for

from ..gym.environments import Counting

HERE, VECTOR = f"{__name__}:make_counting", f"{__name__}:make_vector"


def make_counting(length: int = 3):
    return Counting(length=length)


def make_vector(num_envs: int, length: int = 3):
    return VectorWrapper(SyncVectorEnv([lambda: Counting(length)] * num_envs))


@pytest.mark.parametrize(
    ("source", "task"),
    [
        ("gymnasium:CartPole-v1", GymnasiumTask("CartPole-v1")),
        (gymnasium.make("CartPole-v1"), GymnasiumTask("CartPole-v1")),
        (
            gymnasium.make("CartPole-v1", sutton_barto_reward=True),
            GymnasiumTask("CartPole-v1", '{"sutton_barto_reward": true}'),
        ),
        (GymnasiumTask("CartPole-v1"), GymnasiumTask("CartPole-v1")),
        (Recall(delay=3), Recall(delay=3)),
        (make_counting, GymnasiumTask(HERE, states_success=True)),
        (f"gymnasium:{HERE}", GymnasiumTask(HERE, states_success=True)),
        (make_vector, GymnasiumTask(VECTOR, states_success=True)),
        (f"gymnasium:{VECTOR}", GymnasiumTask(VECTOR, states_success=True)),
    ],
    ids=[
        "id",
        "environment",
        "with arguments",
        "task",
        "ours",
        "function",
        "its name",
        "vector",
        "its function's name",
    ],
)
def test_the_task_of_what_is_given(source, task):
    assert experiment_for(source).task == task


def test_a_function_s_arguments():
    name, short = f"gymnasium:{HERE}", {"task.kwargs": '{"length": 9}'}
    environments = experiment_for(name, settings=short).task.make(1)
    assert environments.interface.actions.size == 3
    for made in (name, f"gymnasium:{VECTOR}"):
        with pytest.raises(ConfigError, match=r"with \{'width': 9\} cannot be made: .*width"):
            experiment_for(made, settings={"task.kwargs": '{"width": 9}'})


def cartpoles(num_envs: int):
    return gymnasium.make_vec("CartPole-v1", num_envs, vectorization_mode="vector_entry_point")


def test_an_environment_that_is_vectorised_by_itself(tmp_path):
    """It is trained on, resumed, and evaluated; episodes that were under way are not kept."""
    tiny = {"memory.width": "8", "streams": "4", "segment_length": "8", "placement.devices": "1"}
    run = tmp_path / "run"
    engrax.train(cartpoles, run, memory="none", steps=64, settings=tiny)
    assert len(engrax.resume(run, updates=3).directory.metrics.rows()) == 3
    assert engrax.evaluate(run, episodes=4, seed=1).episodes == 4


def test_memory_steps_and_settings():
    experiment = experiment_for(
        Recall(), memory="lstm", steps=1e4, settings={"memory.width": "8", "streams": "8"}
    )
    assert experiment.agent.memory == LSTMSizes(width=8)
    assert (experiment.streams, experiment.segment_length, experiment.updates) == (8, 64, 20)
    chosen = HCAMSizes(width=32, num_layers=1)
    assert experiment_for("debug", memory=chosen).agent.memory == chosen
    given = Experiment(task=Recall(), agent=ActorCriticSizes(hidden=8))
    assert experiment_for(given) is given


def inside():
    def make():
        return Counting()

    return make


def test_wrappers_that_an_id_makes_are_no_wrappers_of_ones_own():
    task = experiment_for(gymnasium.make("engrax/CartPoleHidden-v0")).task
    assert task.id == "engrax/CartPoleHidden-v0"
    assert task.interface.observations["vector"].size == 2


@pytest.mark.parametrize(
    ("source", "arguments", "message"),
    [
        (lambda: Counting(), {}, "cannot be found again by its name, .*: put it at the top of"),
        (inside(), {}, "cannot be found again by its name"),
        (Counting(), {}, r"has no id \(env.spec is None\), .*: give a function that makes"),
        (
            TransformReward(gymnasium.make("CartPole-v1"), lambda reward: 2 * reward),
            {},
            "CartPole-v1 is wrapped in TransformReward, .*: give a function that makes",
        ),
        (
            SyncVectorEnv([make_counting]),
            {},
            "SyncVectorEnv is a .*: give a function with",
        ),
        (3, {}, "3 cannot be trained on: give a preset, gymnasium:ID, an environment, or"),
        ("debug", {"steps": 0}, "steps is 0, expected at least 1"),
        (
            Experiment(task=Recall(), agent=MERLINSizes()),
            {"memory": LSTMSizes()},
            "MERLINSizes has no setting `memory`: choose an agent that takes any memory",
        ),
    ],
)
def test_what_cannot_be_trained_on(source, arguments, message):
    with pytest.raises(ConfigError, match=message):
        experiment_for(source, **arguments)
