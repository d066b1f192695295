"""Loops that let agents act and learn."""
