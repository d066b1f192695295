"""Everything that defines a run, and the presets."""
