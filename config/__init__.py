"""Workspace settings: a commented TOML file in, typed and checked values out."""
