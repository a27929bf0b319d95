"""When a schedule is due: cron expressions, and slots on a wall clock. Pure: reads no clock.

A slot is what a wall clock shows, a time without offset. It is due at the first moment at which the clock of its zone
shows that time or a later one. So what daylight saving leaves out is due as soon as the clock has jumped over it, what
comes twice is due the first time, and slots are due in the order of their times.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

WEEKDAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_MONTHS: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_PART: Final = re.compile(r"(?P<first>\*|\w+)(-(?P<last>\w+))?(/(?P<step>\d+))?")
_DAY: Final = timedelta(days=1)
#: A 29th of February may be eight years away.
_LONGEST_WAIT_DAYS: Final = 8 * 366 + 1


@dataclass(frozen=True, slots=True)
class _Field:
    """One of the five fields of a cron expression: its least and greatest number, and names of numbers."""

    label: str
    least: int
    most: int
    names: Mapping[str, int]


_FIELDS: Final = (
    _Field("minute", 0, 59, {}),
    _Field("hour", 0, 23, {}),
    _Field("day", 1, 31, {}),
    _Field("month", 1, 12, {name: at for at, name in enumerate(_MONTHS, 1)}),
    _Field("weekday", 0, 6, {name: at for at, name in enumerate(WEEKDAYS)}),
)


@dataclass(frozen=True, slots=True)
class Cron:
    """At which times of which days something is due. *weekdays* count from Monday, 0."""

    text: str
    times: tuple[time, ...]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]


def parse(text: str) -> Cron:
    """Return what a cron expression of five fields says: minute, hour, day, month, weekday.

    Raises:
        ValueError: it is none, or could be read in two ways; the message says what to write.
    """
    parts = text.lower().split()
    if len(parts) != len(_FIELDS):
        raise ValueError(
            f"'{text}' has {len(parts)} fields, a schedule has five: minute, hour, day, month, weekday, "
            f"as in '0 7 * * mon'"
        )
    if parts[2] != "*" and parts[4] != "*":
        raise ValueError(
            f"'{text}' names days of the month and weekdays: some tools take either, some both; "
            f"write * for one of them, or make two schedules"
        )
    minutes, hours, days, months, weekdays = (_numbers(part, field) for part, field in zip(parts, _FIELDS, strict=True))
    times = tuple(time(hour, minute) for hour in sorted(hours) for minute in sorted(minutes))
    cron = Cron(" ".join(parts), times, days, months, weekdays)
    if next(slots(cron, datetime(2000, 2, 29)), None) is None:
        raise ValueError(f"'{text}' never comes: no such day is in these months")
    return cron


def _numbers(text: str, field: _Field) -> frozenset[int]:
    """Return the numbers that one field of an expression stands for."""
    found: set[int] = set()
    for part in text.split(","):
        match = _PART.fullmatch(part)
        if match is None or (match["first"] == "*" and match["last"]):
            raise ValueError(f"'{part}' is no {field.label}; write *, one value, a range like 1-5, or a list like 1,3")
        step = int(match["step"] or 1)
        if step == 0:
            raise ValueError(f"'{part}': every 0th {field.label} is none; write a step of at least 1")
        if match["first"] == "*":
            if field.names is _FIELDS[4].names and match["step"]:
                raise ValueError(f"'{part}': weekdays are counted from Sunday or from Monday; name them: mon,wed,fri")
            found.update(range(field.least, field.most + 1, step))
            continue
        first = _number(match["first"], field)
        last = _number(match["last"], field) if match["last"] else field.most if match["step"] else first
        if last < first and field.label != "weekday":
            raise ValueError(f"'{part}' ends before it begins; write '{match['last']}-{match['first']}', or a list")
        through = last if last >= first else last + 7  # sat-mon
        found.update(number % 7 if field.label == "weekday" else number for number in range(first, through + 1, step))
    return frozenset(found)


def _number(text: str, field: _Field) -> int:
    if text in field.names:
        return field.names[text]
    if field.label == "weekday":
        if text.isdecimal():
            raise ValueError(
                f"weekday '{text}': 0, 1 and 7 are other days in other tools; write its name: {', '.join(WEEKDAYS)}"
            )
        raise ValueError(f"'{text}' is no weekday; write one of {', '.join(WEEKDAYS)}")
    if text.isdecimal() and field.least <= int(text) <= field.most:
        return int(text)
    names = f", or {', '.join(field.names)}" if field.names else ""
    raise ValueError(f"'{text}' is no {field.label}; write {field.least} to {field.most}{names}")


def slots(cron: Cron, after: datetime) -> Iterator[datetime]:
    """Yield the times of *cron* that a wall clock shows after *after*, none of them aware, earliest first.

    Nothing more comes where the calendar ends, or no day fits for eight years.
    """
    day, idle = after.date(), 0
    while idle < _LONGEST_WAIT_DAYS:
        idle += 1
        if day.month in cron.months and day.day in cron.days and day.weekday() in cron.weekdays:
            idle = 0
            for at in cron.times:
                slot = datetime.combine(day, at)
                if slot > after:
                    yield slot
        if day.year == datetime.max.year and day.timetuple().tm_yday >= 365:
            return
        day += _DAY


def due_at(slot: datetime, zone: ZoneInfo) -> datetime:
    """Return the first moment, in UTC, at which a clock in *zone* shows *slot* or a later time."""
    moment = slot.replace(tzinfo=zone, fold=0).astimezone(UTC)
    if _shown(moment, zone) == slot:
        return moment
    # The clock never shows it. With the offset from before the jump, that is a moment after it; with the other, before.
    before, after = slot.replace(tzinfo=zone, fold=1).astimezone(UTC), moment
    while after - before > timedelta(seconds=1):
        middle = before + (after - before) // 2
        if _shown(middle, zone) < slot:
            before = middle
        else:
            after = middle
    return after.replace(microsecond=0)


def due(cron: Cron, zone: ZoneInfo, since: datetime, reached: datetime | None, now: datetime) -> list[datetime]:
    """Return the slots that are due after *since* until *now*, later than *reached*; earliest first.

    *since* and *now* are aware; *reached* is the last slot that had its turn, None if none had. What is due after *now*
    is no slot of this list, even if *reached* lies there: then the clock went back, and nothing has its turn again.
    """
    shown = _shown(since, zone)
    found = []
    for slot in slots(cron, max(shown, reached) if reached else shown):
        moment = due_at(slot, zone)
        if moment > now:
            break
        if moment > since:
            found.append(slot)
    return found


def coming(cron: Cron, zone: ZoneInfo, now: datetime) -> Iterator[datetime]:
    """Yield the slots that are due after *now*, earliest first."""
    for slot in slots(cron, _shown(now, zone)):
        if due_at(slot, zone) > now:
            yield slot


def remark(slot: datetime, zone: ZoneInfo) -> str | None:
    """Return what daylight saving does to *slot*, in words; None if it does nothing."""
    shown = _shown(due_at(slot, zone), zone)
    if shown != slot:
        return f"the clock leaves out {slot:%H:%M}: due at {shown:%H:%M}"
    first, second = (slot.replace(tzinfo=zone, fold=fold).utcoffset() for fold in (0, 1))
    return f"the clock shows {slot:%H:%M} twice: due the first time" if first != second else None


def _shown(moment: datetime, zone: ZoneInfo) -> datetime:
    """Return what a clock in *zone* shows at *moment*."""
    return moment.astimezone(zone).replace(tzinfo=None, fold=0)
