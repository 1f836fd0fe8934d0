"""Hierarchical generative NAS: a generator of cells, and a generator of sequences of cells."""
