"""HCAM: hierarchical chunk attention memory (Lampinen et al. 2021, arXiv 2105.14039)."""

from engrax.memory.hcam.memory import HCAM, HCAMSizes
from engrax.memory.hcam.read import ChunkCache, HierarchicalAttention

__all__ = ["HCAM", "ChunkCache", "HCAMSizes", "HierarchicalAttention"]
