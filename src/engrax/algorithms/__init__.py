"""Learners: from segments to updated parameters."""
