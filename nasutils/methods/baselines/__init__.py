"""Methods of no paper, which every chapter sets beside its own; imported, they are registered."""

from nasutils.methods.baselines import proxies, ridge, synflow

__all__ = ["proxies", "ridge", "synflow"]
