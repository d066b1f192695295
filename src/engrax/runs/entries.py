"""The results of this package as plain JSON: the entries that `--json` prints and reports keep."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import jax

from engrax.evaluation.comparison import interquartile_mean
from engrax.evaluation.statistics import Mean
from engrax.experiments.codec import encode
from engrax.experiments.config import Experiment
from engrax.experiments.registries import kind_of
from engrax.measuring.speed import Speed
from engrax.runs.building import memory_kind

if TYPE_CHECKING:
    from engrax.runs.evaluating import Evaluation
    from engrax.runs.probing import Probe
    from engrax.runs.scoreboard import Agent
    from engrax.runs.summarising import Summary


def evaluation_entry(result: "Evaluation") -> dict[str, Any]:
    """An evaluation; intervals are at 95 %, null where the sample says nothing of them."""
    return {
        "episodes": result.episodes,
        **_named("mean_return", "return_ci95", result.returns),
        **_named("success_rate", "success_ci95", result.success),
        "mean_length": result.length,
        "chance": result.chance,
        "seed": result.seed,
        "greedy": result.greedy,
        "environment": result.environment,
        "agent": result.agent,
        "memory": result.memory,
        "updates": result.updates,
        "environment_steps": result.environment_steps,
        "repetitions": _repetitions(result),
    }


def summary_entry(result: "Summary") -> dict[str, Any]:
    """How far a run is, and its experiment."""
    return {
        "directory": str(result.directory),
        "preset": result.preset,
        "updates": result.updates,
        "target_updates": result.target_updates,
        "environment_steps": result.environment_steps,
        "state_sha256": result.state_sha256,
        "metrics": result.metrics,
        "memory": memory_kind(result.experiment),
        "experiment": encode(result.experiment),
        "versions": result.versions,
    }


def speed_entry(preset: str, experiment: Experiment, speed: Speed) -> dict[str, Any]:
    """How fast an experiment with a decided placement trains, and on which devices."""
    return {
        "preset": preset,
        "task": kind_of(experiment.task),
        "memory": memory_kind(experiment),
        "learner": kind_of(experiment.learner),
        "streams": experiment.streams,
        "segment_length": experiment.segment_length,
        "steps_per_second": round(speed.steps_per_second, 1),
        "environment_share": round(speed.environment, 4),
        "acting_share": round(speed.acting, 4),
        "learning_share": round(speed.learning, 4),
        "flops_per_step": speed.flops_per_step,
        "model_flops_per_second": round(speed.steps_per_second * speed.flops_per_step),
        "product_flops_per_second": round(speed.product_flops),
        "utilisation": round(speed.utilisation, 4),
        "device": jax.devices()[0].device_kind,
        "placement": encode(experiment.placement),
    }


def probe_entry(result: "Probe") -> dict[str, Any]:
    """A read-out; null where there was nothing of a kind to read out."""
    found = result.found._asdict().items()
    plain = {name: None if math.isnan(value) else value for name, value in found}
    return {**plain, "seed": result.seed, "updates": result.updates}


def comparison_entry(agents: "Sequence[Agent]", levels: Sequence[str]) -> dict[str, Any]:
    """The figures of a comparison, level by level."""
    return {
        "levels": {
            level: {agent.name: _scores(agent, level) for agent in agents} for level in levels
        },
        "agents": {agent.name: {"parameters": agent.runs[0].parameters} for agent in agents},
    }


def _scores(agent: "Agent", level: str) -> dict[str, Any]:
    mean = interquartile_mean(agent.scores(level))
    return {
        "interquartile_mean": mean.value,
        "ci95": mean.ci95,
        "scores": agent.scores(level),
        "mean_returns": [run.scores[level]["mean_return"] for run in agent.runs],
        "repetitions": agent.repetitions(level),
    }


def _repetitions(result: "Evaluation") -> dict[str, Any] | None:
    """The means by repetition; None where nothing is repeated."""
    if result.repeated is None:
        return None
    means = [
        {"number": one.number, **_named("mean", "ci95", one.mean), "reached": one.reached}
        for one in result.repetitions
    ]
    return {"value": result.repeated.value, "by": result.repeated.by, "means": means}


def _named(value: str, interval: str, mean: Mean | None) -> dict[str, Any]:
    if mean is None:
        return {value: None, interval: None}
    return {value: mean.value, interval: None if mean.ci95 is None else list(mean.ci95)}
