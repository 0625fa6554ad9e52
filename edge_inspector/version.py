"""The version of the program, read by packaging and written into every bundle and log."""

__version__ = "0.1.0"
