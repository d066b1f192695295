"""Memories under one contract, and their registry."""
