"""Neural Architecture Search, Reproduced: the code that the chapters share."""

__version__ = "0.2.0"
