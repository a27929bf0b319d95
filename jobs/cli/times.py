"""Times as people read them: in the time zone of the workspace that a verb has opened."""

from __future__ import annotations

from contextvars import ContextVar
from datetime import UTC, datetime, tzinfo

_ZONE: ContextVar[tzinfo] = ContextVar("zone", default=UTC)


def show_in(zone: tzinfo) -> None:
    """Show times in *zone* from now on."""
    _ZONE.set(zone)


def day(at: datetime) -> str:
    """Return the day of *at*, as in 2026-03-02."""
    return f"{at.astimezone(_ZONE.get()):%Y-%m-%d}"


def minute(at: datetime) -> str:
    """Return day and time of *at*, as in 2026-03-02 09:30."""
    return f"{at.astimezone(_ZONE.get()):%Y-%m-%d %H:%M}"


def second(at: datetime) -> str:
    """Return day and time of *at* to the second."""
    return f"{at.astimezone(_ZONE.get()):%Y-%m-%d %H:%M:%S}"


def stamp(at: datetime) -> str:
    """Return what `minute` does, with the zone."""
    return f"{minute(at)} {zone_name()}"


def zone_name() -> str:
    """Return what the zone is called, as in Europe/Berlin."""
    return str(_ZONE.get())
