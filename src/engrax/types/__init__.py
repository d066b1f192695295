"""Specs, actions, interfaces, and what passes between environments, agents and learners."""

from engrax.types.actions import Action, Actions, Continuous, Discrete, MultiDiscrete, Policy
from engrax.types.interface import Interface, Question, Repeated
from engrax.types.numbers import Number
from engrax.types.recall import Reads, Recall, head_names, layer_names, nothing_recalled
from engrax.types.specs import (
    AbstractSpec,
    ImageSpec,
    MaskSpec,
    Observation,
    Spec,
    SymbolsSpec,
    TextSpec,
    VectorSpec,
)
from engrax.types.stream import AgentInput, AgentOutput, Segment, TimeStep, tree_where

__all__ = [
    "AbstractSpec",
    "Action",
    "Actions",
    "AgentInput",
    "AgentOutput",
    "Continuous",
    "Discrete",
    "ImageSpec",
    "Interface",
    "MaskSpec",
    "MultiDiscrete",
    "Number",
    "Observation",
    "Policy",
    "Question",
    "Reads",
    "Recall",
    "Repeated",
    "Segment",
    "Spec",
    "SymbolsSpec",
    "TextSpec",
    "TimeStep",
    "VectorSpec",
    "head_names",
    "layer_names",
    "nothing_recalled",
    "tree_where",
]
