"""Hands: what reads accounts from, and writes records to, the systems around us."""
