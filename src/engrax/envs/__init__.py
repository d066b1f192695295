"""Tasks under one contract, and their registry."""
