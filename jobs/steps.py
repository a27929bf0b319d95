"""Named steps around every external effect. A no-op in production; a test hooks in to stop the process there."""

from __future__ import annotations

from collections.abc import Callable

_hook: Callable[[str], None] | None = None


def step(name: str) -> None:
    """Say that the work has come to *name*."""
    if _hook is not None:
        _hook(name)


def listen(hook: Callable[[str], None] | None) -> None:
    """Call *hook* at every step from now on; None ends it."""
    global _hook  # one process does one piece of work; a parameter would pass through every function
    _hook = hook
