"""Single keys of a terminal, without Enter. What is typed ahead is kept: people are faster than the screen."""

from __future__ import annotations

import os
import re
import sys
import termios
import tty
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

#: What one key sends: an arrow or the like, or one character.
_ONE_KEY: Final = re.compile(r"\x1b[\[O][0-9;]*[A-Za-z~]|.", re.DOTALL)
_AT_ONCE: Final = 1024


@contextmanager
def single_keys() -> Iterator[Callable[[], str]]:
    """Yield a function that waits for a key and returns it; an empty string once the terminal is gone.

    Ctrl-C interrupts as always. The terminal is as before when this ends.
    """
    terminal = sys.stdin.fileno()
    before = termios.tcgetattr(terminal)
    ahead: list[str] = []

    def key() -> str:
        if not ahead:
            ahead.extend(split(os.read(terminal, _AT_ONCE).decode(errors="replace")))
        return ahead.pop(0) if ahead else ""

    tty.setcbreak(terminal, termios.TCSANOW)
    try:
        yield key
    finally:
        termios.tcsetattr(terminal, termios.TCSADRAIN, before)


def split(typed: str) -> list[str]:
    """Return the keys that were *typed*, one after the other."""
    return _ONE_KEY.findall(typed)
