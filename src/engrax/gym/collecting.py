"""What an environment's spaces leave open, found out before an agent is built."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from gymnasium import Env
from gymnasium.vector import VectorEnv

from engrax.gym.infos import SUCCESS
from engrax.gym.masking import MASK, random_action
from engrax.gym.paths import Path, follow, leaves_of
from engrax.gym.readings import ObservationOptions
from engrax.gym.words import NO_WORDS, Words, is_text, listed_words, words_in

GRID_SIZES = {"minigrid": (11, 6, 4)}
"""How many values each feature of a grid has, by package, where its spaces do not say it:
MiniGrid's kinds of object, colours and states."""
COLLECTING_STEPS = 1000
"""Steps of random play that words are collected from."""
RESET_EVERY = 10
"""Episodes of this play are cut off after so many steps, to see many beginnings."""


def completed(
    env: Env[Any, Any], make: Callable[[], Env[Any, Any]], options: ObservationOptions
) -> ObservationOptions:
    """Options with all that can be found out about an environment.

    Args:
        env: the environment, which is reset, and not stepped.
        make: makes another one, to collect the words of texts from where none are given.
        options: what is known already; it is kept.
    """
    package = type(env.unwrapped).__module__.partition(".")[0]
    options = replace(options, grid_sizes=options.grid_sizes or GRID_SIZES.get(package, ()))
    info = env.reset(seed=0)[1]
    if options.answers is not None:
        options = replace(options, answers=options.answers.sized(info))
    options = replace(options, mask=options.mask or MASK in info)
    texts = [(path, space) for path, space in leaves_of(env.observation_space) if is_text(space)]
    if not texts or options.words:
        return options
    found = NO_WORDS
    for _, space in texts:
        found = found.joined(listed_words(space))
    found = found.joined(collected_words(make(), [path for path, _ in texts]))
    return replace(options, words=found.words, text_length=options.text_length or found.length)


def collected_words(env: Env[Any, Any], paths: list[Path]) -> Words:
    """The words of an environment under random play by fixed seeds; the environment is closed."""
    texts: set[str] = set()
    for observation, _ in random_play(env, COLLECTING_STEPS):
        texts.update(follow(observation, path) for path in paths)
    env.close()
    return words_in(texts)


def states_success(env: Env[Any, Any]) -> bool:
    """Whether `info` says if an episode succeeds, by random play."""
    return any(name in info for _, info in random_play(env, RESET_EVERY) for name in SUCCESS)


def vector_states_success(envs: VectorEnv[Any, Any, Any]) -> bool:
    """The same of a vector environment, by a few steps; one with masks of actions is only reset."""
    envs.action_space.seed(0)
    info = envs.reset(seed=0)[1]
    infos = [info]
    for _ in range(0 if MASK in info else RESET_EVERY):
        info = envs.step(envs.action_space.sample())[-1]
        infos += [info, info.get("final_info", {})]
    return any(name in info for info in infos for name in SUCCESS)


def random_play(
    env: Env[Any, Any], steps: int, reset_every: int = RESET_EVERY
) -> Iterator[tuple[Any, Mapping[str, Any]]]:
    """Observations and `info` of random play, always the same; episodes are cut off."""
    env.action_space.seed(0)
    observation, info, over = None, {}, True
    for step in range(steps):
        if over or step % reset_every == 0:
            observation, info = env.reset(seed=step)
            over = False
        else:
            action = random_action(env, observation, info)
            observation, _, terminated, truncated, info = env.step(action)
            over = terminated or truncated
        yield observation, info
