"""One line of `overlap doctor`: what was looked at, how it is, and what to do about it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from overlap.errors import OverlapError


class Level(StrEnum):
    """How it is."""

    OK = "ok"
    WARN = "warn"  # nothing is broken yet
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """*remedy* is empty where nothing is to be done. *of_connection*: it is about a CRM, not about this machine."""

    level: Level
    subject: str
    detail: str
    remedy: str = ""
    of_connection: bool = False


def ok(subject: str, detail: str) -> Diagnosis:
    """Return that all is well."""
    return Diagnosis(Level.OK, subject, detail)


def warn(subject: str, detail: str, remedy: str) -> Diagnosis:
    """Return that something will need a person."""
    return Diagnosis(Level.WARN, subject, detail, remedy)


def fail(subject: str, detail: str, remedy: str) -> Diagnosis:
    """Return that something is broken."""
    return Diagnosis(Level.FAIL, subject, detail, remedy)


def looked(subject: str, look: Callable[[], Iterable[Diagnosis]]) -> Iterator[Diagnosis]:
    """Yield what *look* finds; what stops it is a finding too, so that the rest is looked at all the same."""
    try:
        yield from look()
    except OverlapError as error:
        yield fail(subject, str(error), "correct this first: not everything could be looked at")
    except OSError as error:
        yield fail(subject, f"{error.filename}: {error.strerror}", "correct this first: not everything could be read")
