"""Equations of learning: one function each, on one unbatched trajectory."""
