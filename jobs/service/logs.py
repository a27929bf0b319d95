"""Logs as lines that a machine can read, for what runs by itself; a person at a terminal gets none of them.

What may stand in a line is listed here: an unknown key is dropped, a value is a word, a number or one of our own
sentences, and every secret that this process has resolved is masked in it. What a library says is repeated without its
arguments, and of an error that nobody foresaw only its kind and its places: both may hold rows of other people's.
"""

from __future__ import annotations

import json
import logging
import os
import sys
import threading
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from typing import Any, Final, TextIO

from overlap.errors import ConfigError
from overlap.redaction import redacted

JSON: Final = "json"
FORMATS: Final = (JSON, "console")
#: Environment variables by which a process tells those that it starts.
FORMAT_VARIABLE: Final = "OVERLAP_LOG_FORMAT"
SLOT_VARIABLE: Final = "OVERLAP_SLOT"
_MOST_LETTERS: Final = 2_000
_MOST_PLACES: Final = 20
#: What a line may hold. Whoever adds one makes sure that no row of anybody's can get there.
_KEYS: Final = frozenset(
    {
        *("timestamp", "level", "logger", "event", "said", "run", "verb", "state", "seconds", "peak_mb", "code"),
        *("schedule", "slot", "does", "attempt", "due_at", "pid", "address", "kind", "places", "lines", "dropped"),
        *("crm", "partner", "plan", "written", "held", "rejected", "conflicts", "calls", "matches", "overlaps"),
    }
)
_Outlet = tuple[TextIO, Callable[..., Any]]
#: One process does one piece of work: where its lines go, and what stands in each of them.
_outlets: list[_Outlet] = []
_bound: dict[str, Any] = {}
_one_at_a_time: Final = threading.Lock()


def configure(form: str, sink: TextIO | None = None) -> None:
    """Write log lines to *sink* (stderr without one) from now on, as *form* says: ``json`` or ``console``.

    Raises:
        ConfigError: there is no such form.
    """
    if form not in FORMATS:
        raise ConfigError(f"'{form}' is no log format; write one of {', '.join(FORMATS)}")
    silence()
    _open(form, sink or sys.stderr)


@contextmanager
def also(sink: TextIO) -> Iterator[None]:
    """Write every line of inside to *sink* too, as JSON, whether or not lines go anywhere else."""
    outlet = _open(JSON, sink)
    try:
        yield
    finally:
        if outlet in _outlets:
            _outlets.remove(outlet)
        if not _outlets:
            logging.getLogger().removeHandler(_libraries)


def _open(form: str, sink: TextIO) -> _Outlet:
    from structlog.dev import ConsoleRenderer  # most calls of the command line log nothing
    from structlog.processors import JSONRenderer

    render = JSONRenderer(ensure_ascii=False) if form == JSON else ConsoleRenderer(colors=sink.isatty())
    outlet = (sink, render)
    _outlets.append(outlet)
    logging.getLogger().addHandler(_libraries)
    return outlet


def silence() -> None:
    """Write nothing any more, and forget what stood in every line."""
    _outlets.clear()
    _bound.clear()
    logging.getLogger().removeHandler(_libraries)


def from_environment() -> bool:
    """Configure as the environment asks, and return whether it did."""
    form = os.environ.get(FORMAT_VARIABLE)
    if form and not is_on():
        configure(form)
    name, _, slot = os.environ.get(SLOT_VARIABLE, "").partition(" ")
    if name and is_on():
        bind(schedule=name, slot=slot)
    return is_on()


def is_on() -> bool:
    """Whether lines are written."""
    return bool(_outlets)


def bind(**facts: Any) -> None:
    """Let *facts* stand in every line from now on."""
    _bound.update(facts)


@contextmanager
def bound(**facts: Any) -> Iterator[None]:
    """Let *facts* stand in every line that is written inside."""
    before = dict(_bound)
    _bound.update(facts)
    try:
        yield
    finally:
        _bound.clear()
        _bound.update(before)


def info(event: str, **facts: Any) -> None:
    """Write a line, if lines are written."""
    _write("info", event, facts)


def error(event: str, **facts: Any) -> None:
    """Write a line that somebody should look at."""
    _write("error", event, facts)


def _write(level: str, event: str, facts: Mapping[str, Any]) -> None:
    if not _outlets:
        return
    at = datetime.now(UTC).isoformat(timespec="milliseconds")
    line = _only_listed({"timestamp": at, "level": level, "event": event, **_bound, **facts})
    with _one_at_a_time:
        for sink, render in list(_outlets):
            with suppress(OSError):  # whoever read it has gone: that ends no work
                print(render(None, level, dict(line)), file=sink, flush=True)


def again(line: Mapping[str, Any]) -> None:
    """Write a line of a process that this one started, as that one wrote it."""
    facts = {key: value for key, value in line.items() if key not in ("event", "level")}
    level = error if line.get("level") == "error" else info
    level(str(line.get("event", "")), **facts)


def progress() -> Callable[[str, float | None], None]:
    """Return what takes progress: a line for each new message, none for a share."""
    last = ""

    def report(message: str, share: float | None) -> None:
        nonlocal last
        del share
        if message != last:
            last = message
            info("progress", said=message)

    return report


def unforeseen(raised: BaseException) -> None:
    """Write of an error that nobody foresaw its kind and its places; its text is in the ledger, if a run met it."""
    frames = traceback.extract_tb(raised.__traceback__)
    places = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames]
    error("crashed", kind=type(raised).__name__, places=places[-_MOST_PLACES:])


class _FromLibraries(logging.Handler):
    """Repeats what libraries say, without what they say it of."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write one line for *record*."""
        error("library", logger=record.name, said=record.msg if isinstance(record.msg, str) else type(record.msg))


_libraries: Final = _FromLibraries(logging.WARNING)


def _only_listed(line: Mapping[str, Any]) -> dict[str, Any]:
    dropped = sorted(line.keys() - _KEYS)
    kept = {key: _plain(value) for key, value in line.items() if key in _KEYS}
    return kept | ({"dropped": dropped} if dropped else {})


def _plain(value: Any) -> Any:
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    if value is None or isinstance(value, bool | int | float):
        return value
    return redacted(str(value))[:_MOST_LETTERS]


def parsed(text: str) -> dict[str, Any] | None:
    """Return the line that *text* is; None if it is none of ours."""
    try:
        line = json.loads(text)
    except ValueError:
        return None
    return line if isinstance(line, dict) and "event" in line else None
