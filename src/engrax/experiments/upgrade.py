"""Configs of earlier formats, brought to today's: plain JSON in, plain JSON out.

`config.json` states its `format`; the first format did not. Format 2: an agent's settings hold its
memory or store, a learner's flags stand for names of entries in `info`, and some settings are named
otherwise. Format 3: a run says how its streams are placed.
"""

import copy
from collections.abc import Mapping
from typing import Any

from engrax.errors import ConfigError, show

FORMAT = 3
"""The format that is written."""

_RENAMED = {
    "actor_critic": {"hears_past": "past_in_memory", "heads_hear_past": "past_in_heads"},
    "merlin": {"key_hears_latent": "latent_in_key"},
    "a2c": {"trace": "gae_lambda"},
    "ppo": {"trace": "gae_lambda"},
    "impala": {"trace": "trace_lambda"},
}
"""New names of settings since format 1, by the kind of their group."""


def upgrade(config: Mapping[str, Any]) -> dict[str, Any]:
    """A config in today's format.

    Args:
        config: what a `config.json` holds, of any format up to today's; parts that are not as
            expected are left as they are, for the decoder to refuse.

    Returns:
        A copy with `format` set.

    Raises:
        ConfigError: the format is not known, or a setting has no counterpart.
    """
    found = config.get("format", 1)
    if type(found) is not int or found < 1:
        raise ConfigError(f"format: expected an integer from 1 to {FORMAT}, got {show(found)}")
    if found > FORMAT:
        raise ConfigError(
            f"format: this is format {found}, expected at most {FORMAT}: install a newer engrax"
        )
    config = {"format": FORMAT, **copy.deepcopy(dict(config))}
    if found == 1 and isinstance(experiment := config.get("experiment"), dict):
        _move_memory(experiment)
        _replace_masks(experiment.get("learner"))
        for group in ("agent", "learner"):
            _rename(experiment.get(group))
    if found < 3 and isinstance(experiment := config.get("experiment"), dict):
        experiment.setdefault("placement", _all_on_one_device(experiment))
    return {**config, "format": FORMAT}


def _all_on_one_device(experiment: dict[str, Any]) -> dict[str, Any]:
    streams = experiment.get("streams", 64)
    return {"devices": 1, "acting_tile": streams, "learning_tile": streams}


def _move_memory(experiment: dict[str, Any]) -> None:
    agent = experiment.setdefault("agent", {"kind": "actor_critic"})
    if not isinstance(agent, dict) or "memory" not in experiment:
        return
    memory = experiment.pop("memory")
    if isinstance(memory, dict):
        _drop_kind(memory.get("store"))
    if agent.get("kind") == "merlin":
        agent["store"] = _drop_kind(memory)
    else:
        agent["memory"] = memory


def _drop_kind(store: Any) -> Any:
    """Of a store there is one class, so that a config no longer says which."""
    if isinstance(store, dict) and store.get("kind") == "retroactive":
        del store["kind"]
    return store


def _replace_masks(learner: Any) -> None:
    if not isinstance(learner, dict):
        return
    mask, value_masked = learner.pop("policy_mask", ""), learner.pop("value_masked", False)
    if mask not in ("", "choice_phase"):
        raise ConfigError(
            f"experiment.learner.policy_mask: {show(mask)} has no counterpart: since format 2 a "
            "task states which actions have an effect (TimeStep.effective); set only_effective"
        )
    learner["only_effective"] = mask != ""
    learner["value_only_effective"] = value_masked if mask else False


def _rename(group: Any) -> None:
    if not isinstance(group, dict) or not isinstance(group.get("kind"), str):
        return
    for old, new in _RENAMED.get(group["kind"], {}).items():
        if old in group:
            group[new] = group.pop(old)
