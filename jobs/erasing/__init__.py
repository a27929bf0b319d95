"""Erase a partner or a person everywhere."""
