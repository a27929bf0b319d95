"""What was agreed, written out by hand, for the tests of more than one rule."""

from __future__ import annotations

import hashlib

# ours, theirs, play: the matrix as people know it
MATRIX = [
    ("Prospects", "Customers", "Ask for an introduction"),
    ("Prospects", "Open Opportunities", "Time it together"),
    ("Prospects", "Prospects", "Prospect together"),
    ("Open Opportunities", "Customers", "Ask for a reference or endorsement"),
    ("Open Opportunities", "Open Opportunities", "Co-sell"),
    ("Open Opportunities", "Prospects", "Bring the partner in"),
    ("Customers", "Customers", "Expand and retain together"),
    ("Customers", "Open Opportunities", "Give a reference"),
    ("Customers", "Prospects", "Give an introduction"),
]


def key_by_hand(*parts: str) -> str:
    """RFC 4648 base32, bit by bit: 26 characters are the first 130 bits of the hash."""
    bits = "".join(f"{byte:08b}" for byte in hashlib.sha256("\x1f".join(parts).encode()).digest())
    return "pi1-" + "".join("abcdefghijklmnopqrstuvwxyz234567"[int(bits[i : i + 5], 2)] for i in range(0, 130, 5))
