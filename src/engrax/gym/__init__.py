"""Gymnasium: environments of others as streams, and tasks of engrax as environments.

Nothing is imported here: Python loads this package at start-up (see `engrax.gym.registration`).
"""
