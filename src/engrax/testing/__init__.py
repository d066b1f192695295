"""Public contract suites and probes: check your own memory, agent or environment."""
