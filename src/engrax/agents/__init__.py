"""Agents under one contract, and their registry."""
