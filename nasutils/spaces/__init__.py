"""Spaces: what an architecture is. Frozen values, without torch and without files."""
