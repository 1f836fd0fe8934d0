"""The papers' methods, one room a paper."""
