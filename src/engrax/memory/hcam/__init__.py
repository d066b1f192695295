"""HCAM: hierarchical chunk attention memory (Lampinen et al. 2021, arXiv 2105.14039)."""

from engrax.memory.hcam.memory import HCAM, HCAMSizes
from engrax.memory.hcam.other_reads import FlatRead, NoRead
from engrax.memory.hcam.read import AbstractRead, HierarchicalRead

__all__ = ["HCAM", "AbstractRead", "FlatRead", "HCAMSizes", "HierarchicalRead", "NoRead"]
