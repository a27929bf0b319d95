"""To stop in good order: what SIGTERM asks for is heeded before the next batch, and never inside of one.

Where nothing is being written to a CRM, there is nothing to wait for: the work ends as Ctrl-C ends it.
"""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Final

from overlap.errors import StoppedError

#: The longest sleep that does not look whether to stop.
_NAP_S: Final = 0.5


class _Wish:
    """What SIGTERM has left, and whether a batch may be on its way."""

    is_asked = False
    is_writing = False


_wish: Final = _Wish()  # one process does one piece of work; a parameter would pass through every function


@contextmanager
def on_sigterm() -> Iterator[None]:
    """Let SIGTERM stop the work inside in good order. A second one ends the process at once."""
    if threading.current_thread() is not threading.main_thread():
        yield  # only the main thread hears signals
        return
    before = signal.signal(signal.SIGTERM, _heard)
    _wish.is_asked = False
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _heard(number: int, frame: FrameType | None) -> None:
    del frame
    if _wish.is_asked:
        signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)
    _wish.is_asked = True
    if not _wish.is_writing:
        raise KeyboardInterrupt


@contextmanager
def after_the_batch() -> Iterator[None]:
    """Inside, SIGTERM only leaves its wish: `require_going_on` stops where nothing is half."""
    before, _wish.is_writing = _wish.is_writing, True
    try:
        yield
    finally:
        _wish.is_writing = before


def is_asked() -> bool:
    """Whether somebody wants this process to end."""
    return _wish.is_asked


def require_going_on() -> None:
    """Make sure that nobody wants this process to end.

    Raises:
        StoppedError: somebody does.
    """
    if _wish.is_asked:
        raise StoppedError("stopped, as it was asked to; what was written stands")


def sleep(seconds: float) -> None:
    """Wait so long, or until somebody wants this process to end."""
    while seconds > 0 and not _wish.is_asked:
        time.sleep(min(_NAP_S, seconds))
        seconds -= _NAP_S


@contextmanager
def told_to_end() -> Iterator[threading.Event]:
    """Yield what SIGTERM and Ctrl-C set: for who only waits, and passes it on to a child."""
    end = threading.Event()

    def heard(number: int, frame: FrameType | None) -> None:
        del number, frame
        threading.Thread(target=end.set, daemon=True).start()  # not here: the main thread may hold the event's lock

    before = {number: signal.signal(number, heard) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield end
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
