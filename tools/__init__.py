"""The steps behind the Makefile. Run them from the repository root, as ``python -m tools.NAME``."""
