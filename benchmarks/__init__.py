"""Measurements of the engine and of what else could do its work. Not part of the package that is installed."""
