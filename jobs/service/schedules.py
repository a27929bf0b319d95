"""Schedules as people see and change them: what is due next, how the last one went; add, pause, resume, ask."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any, Final

from pydantic import TypeAdapter, ValidationError

from config.editing import add_schedule
from config.kinds import Key
from config.schedules import ScheduleSettings
from config.workspace import SETTINGS_FILE
from jobs.context import Context
from jobs.service import health, turns
from jobs.service.turns import Timetable
from jobs.stores import slots
from jobs.stores.lock import workspace_lock
from jobs.stores.slots import Slot
from overlap.errors import ConfigError
from overlap.schedules import Cron, coming, remark

_SHOWN: Final = 5


@dataclass(frozen=True, slots=True)
class Coming:
    """A time as the schedule's clock will show it, and what daylight saving does to it, in words."""

    slot: datetime
    remark: str | None


@dataclass(frozen=True, slots=True)
class ScheduleState:
    """One schedule: what it says *in_words*, what comes *next*, and its *last* slot that had its turn.

    *since* is None if nothing has seen it yet. *remarks* are what a person should know.
    """

    name: str
    cron: str
    in_words: str
    zone: str
    does: str
    since: datetime | None
    paused_at: datetime | None
    paused_by: str | None
    next: tuple[Coming, ...]
    last: Slot | None
    remarks: tuple[str, ...]


def states(context: Context) -> tuple[ScheduleState, ...]:
    """Return every schedule of the settings."""
    return tuple(_state(context, table) for table in turns.timetables(context.workspace.settings).values())


def state(context: Context, name: str) -> ScheduleState:
    """Return the schedule *name* of the settings."""
    return _state(context, turns.timetables(context.workspace.settings)[name])


def _state(context: Context, table: Timetable) -> ScheduleState:
    name, cron, zone = table.name, table.cron, table.zone
    known = slots.known(context.ledger).get(name)
    if known is not None and (known.cron, known.zone) != (cron.text, zone.key):
        known = None  # changed by hand: it begins anew
    paused = known is not None and known.paused_at is not None
    remarks = []
    ahead = health.is_ahead(context.ledger, name, context.now)
    if ahead is not None:
        remarks.append(
            f"the clock of this machine was ahead once: every time until {ahead:%Y-%m-%d %H:%M} UTC has had its turn; "
            f"if the clock is right now: overlap schedule resume {name}"
        )
    remarks += health.why_late(
        context.ledger, {name: table}, context.workspace.settings.service.late_hours, context.now
    )
    return ScheduleState(
        name=name,
        cron=cron.text,
        in_words=in_words(cron),
        zone=zone.key,
        does=table.does,
        since=known.since if known else None,
        paused_at=known.paused_at if known else None,
        paused_by=known.paused_by if known else None,
        next=() if paused else _next(table, context.now),
        last=slots.newest(context.ledger, name),
        remarks=tuple(remarks),
    )


def _next(table: Timetable, now: datetime) -> tuple[Coming, ...]:
    found = islice(coming(table.cron, table.zone, now), _SHOWN)
    return tuple(Coming(slot, remark(slot, table.zone)) for slot in found)


def in_words(cron: Cron) -> str:
    """Return what *cron* says in plain English."""
    from cron_descriptor import Options, get_description  # few need it

    options = Options()
    options.use_24hour_time_format = True
    options.locale_code = "en_US"
    return str(get_description(cron.text, options))


def add(context: Context, name: str, said: Mapping[str, Any]) -> ScheduleState:
    """Write ``[schedules.NAME]`` with what is *said* (cron, perhaps zone and does) into the settings.

    It begins now: earlier times of the day are none of its slots.

    Raises:
        ConfigError: the name is taken or none, or what is said does not fit.
    """
    try:
        TypeAdapter(Key).validate_python(name)
    except ValidationError as error:
        raise ConfigError(f"'{name}' is no name: write small letters, digits and hyphens, like 'weekly'") from error
    if name in context.workspace.settings.schedules:
        raise ConfigError(f"there is a schedule '{name}' already: change it in overlap.toml, or take another name")
    try:
        settings = ScheduleSettings.model_validate(dict(said))
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, ("schedules", name, *first["loc"])))
        raise ConfigError(f"{place}: {first['msg'].removeprefix('Value error, ')}") from error
    with workspace_lock(context.workspace.lock_file):
        add_schedule(context.workspace.folder / SETTINGS_FILE, name, said)
    table = turns.timetable(name, settings, context.workspace.settings.workspace.time_zone)
    _see(context, table)
    context.ledger.note(context.who, "added schedule", {"schedule": name, **said}, context.now)
    return _state(context, table)


def pause(context: Context, name: str) -> ScheduleState:
    """Let nothing of *name* begin until it is resumed; what is at work goes on."""
    _see(context, turns.timetables(context.workspace.settings)[name])
    slots.pause(context.ledger, name, context.who, context.now)
    context.ledger.note(context.who, "paused schedule", {"schedule": name}, context.now)
    return state(context, name)


def resume(context: Context, name: str) -> ScheduleState:
    """Let *name* have its turns again from now on; what was due meanwhile is none of its slots."""
    _see(context, turns.timetables(context.workspace.settings)[name])
    taken_back = slots.resume(context.ledger, name, context.now)
    what = {"schedule": name, "taken_back": taken_back}
    context.ledger.note(context.who, "resumed schedule", what, context.now)
    return state(context, name)


def ask(context: Context, name: str) -> Slot:
    """Put down that *name* is to run now; return that slot, which the service takes up, or `jobs.service.once`."""
    _see(context, turns.timetables(context.workspace.settings)[name])
    context.ledger.note(context.who, "asked for schedule", {"schedule": name}, context.now)
    return slots.ask(context.ledger, name, context.who, context.now)


def _see(context: Context, table: Timetable) -> None:
    slots.see(context.ledger, {table.name: (table.cron.text, table.zone.key, context.now)})
