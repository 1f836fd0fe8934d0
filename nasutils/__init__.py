"""Neural Architecture Search, Reproduced: the code that the chapters share."""

__version__ = "0.1.0"
