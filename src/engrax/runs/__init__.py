"""Run directories: config, metrics, checkpoints, weights."""
