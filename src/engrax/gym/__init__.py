"""Gymnasium: other people's environments as tasks, and tasks of ours as environments. Nothing is imported here."""
