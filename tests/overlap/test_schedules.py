"""Cron expressions and slots, held against a clock that is watched minute by minute."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from overlap.schedules import coming, due, due_at, parse, remark, slots

MINUTE = timedelta(minutes=1)
BERLIN = ZoneInfo("Europe/Berlin")
#: Zones, and UTC days around which their clocks are set.
SET = {
    "Europe/Berlin": ("2026-03-29", "2026-10-25"),
    "America/New_York": ("2026-03-08", "2026-11-01"),
    "Australia/Lord_Howe": ("2026-04-04", "2026-10-03"),  # by half an hour
    "Asia/Kolkata": ("2026-06-01",),
    "Pacific/Apia": ("2011-12-30",),  # a day that never was
    "Africa/Casablanca": ("2026-02-15", "2026-03-22"),  # back for Ramadan
}
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")


def fits(cron: str, shown: datetime) -> bool:
    """Whether the five fields of a plain expression say yes to what a clock shows."""
    values = (shown.minute, shown.hour, shown.day, shown.month, shown.weekday())
    return all(_fits(text, value, at) for at, (text, value) in enumerate(zip(cron.split(), values, strict=True)))


def _fits(text: str, value: int, at: int) -> bool:
    for part in text.split(","):
        span, _, step = part.partition("/")
        first, _, last = span.partition("-")
        low = (0, 0, 1, 1, 0)[at] if first == "*" else _number(first, at)
        high = 99 if first == "*" or (step and not last) else _number(last, at) if last else low
        if low <= value <= high and (value - low) % int(step or 1) == 0:
            return True
    return False


def _number(text: str, at: int) -> int:
    if text.isdecimal():
        return int(text)
    return WEEKDAYS.index(text) if at == 4 else MONTHS.index(text) + 1


def watched(cron: str, zone: ZoneInfo, begin: datetime, end: datetime) -> Iterator[tuple[datetime, datetime]]:
    """Look at the clock each minute, and yield a slot with the moment at which it shows it first, or a later time."""
    now = begin
    shown = now.astimezone(zone).replace(tzinfo=None)
    while now < end:
        now += MINUTE
        shows = now.astimezone(zone).replace(tzinfo=None)
        while shown < shows:
            shown += MINUTE
            if fits(cron, shown):
                yield shown, now


@pytest.mark.parametrize(("name", "day"), [(name, day) for name, days in SET.items() for day in days])
@pytest.mark.parametrize("cron", ["*/30 * * * *", "30 2 * * *", "15 0-3,23 * * sat-mon", "0 7 * * mon"])
def test_slots_are_due_when_a_clock_shows_them_first_or_has_passed_them(name: str, day: str, cron: str) -> None:
    zone, begin = ZoneInfo(name), datetime.fromisoformat(day).replace(tzinfo=UTC) - timedelta(days=1)
    end = begin + timedelta(days=3)
    expected = list(watched(cron.replace("sat-mon", "sat,sun,mon"), zone, begin, end))
    found = due(parse(cron), zone, begin, None, end)
    assert [(slot, due_at(slot, zone)) for slot in found] == expected


@st.composite
def crons(draw: st.DrawFn) -> str:
    def field(low: int, high: int, names: tuple[str, ...] = ()) -> str:
        said = [names[number - low] if names else str(number) for number in range(low, high + 1)]
        first = draw(st.integers(0, len(said) - 1))
        last = draw(st.integers(first, len(said) - 1))
        step = draw(st.integers(1, 4))
        every = "*" if names is WEEKDAYS else f"*/{step}"
        span = f"{said[first]}-{said[last]}"
        return draw(st.sampled_from(["*", every, said[first], f"{said[first]},{said[last]}", span, f"{span}/{step}"]))

    day, weekday = draw(st.sampled_from([(field(1, 28), "*"), ("*", field(0, 6, WEEKDAYS))]))
    return " ".join((field(0, 59), field(0, 23), day, draw(st.sampled_from(["*", field(1, 12, MONTHS)])), weekday))


@settings(max_examples=40, deadline=None)
@given(crons(), st.datetimes(datetime(2026, 1, 1), datetime(2028, 12, 31)))
def test_slots_are_the_minutes_that_fit_the_expression(cron: str, after: datetime) -> None:
    after = after.replace(second=0, microsecond=0)
    span = [after + MINUTE * at for at in range(1, 26 * 60)]
    found = [slot for slot in islice(slots(parse(cron), after), len(span)) if slot <= span[-1]]
    assert found == [shown for shown in span if fits(cron, shown)]


@settings(max_examples=80, deadline=None)
@given(st.sampled_from(sorted(SET)), st.integers(0, 365), st.lists(st.integers(-4000, 9000), max_size=30))
def test_whatever_clocks_and_outages_do_every_slot_has_its_turn_once(name: str, start: int, jumps: list[int]) -> None:
    """The service looks at odd moments, of a clock that jumps to and fro; each look takes what is due."""
    zone, cron = ZoneInfo(name), parse("*/20 * * * *")
    since = now = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=start)
    latest, taken = since, []
    for minutes in jumps:
        now += timedelta(minutes=minutes)
        latest = max(latest, now)
        taken += due(cron, zone, since, taken[-1] if taken else None, now)
    assert taken == due(cron, zone, since, None, latest)
    assert len(taken) == len(set(taken))


def test_a_time_that_the_clock_leaves_out_or_shows_twice_is_told() -> None:
    assert remark(datetime(2026, 3, 29, 2, 30), BERLIN) == "the clock leaves out 02:30: due at 03:00"
    assert remark(datetime(2026, 10, 25, 2, 30), BERLIN) == "the clock shows 02:30 twice: due the first time"
    assert remark(datetime(2026, 10, 25, 3, 0), BERLIN) is None


def test_what_was_due_before_a_schedule_began_is_none_of_its_slots_though_the_clock_shows_it_again() -> None:
    since = datetime(2026, 10, 25, 1, 10, tzinfo=UTC)  # 02:10 in Berlin, for the second time
    found = due(parse("*/30 * * * *"), BERLIN, since, None, since + timedelta(hours=1))
    assert found == [datetime(2026, 10, 25, 3, 0)]


def test_what_comes_next_begins_after_now() -> None:
    now = datetime(2026, 10, 25, 0, 45, tzinfo=UTC)  # 02:45 in Berlin, for the first time
    assert list(islice(coming(parse("*/30 * * * *"), BERLIN, now), 2)) == [
        datetime(2026, 10, 25, 3, 0),
        datetime(2026, 10, 25, 3, 30),
    ]


REFUSED = {
    "0 7 * * 1": "weekday '1': 0, 1 and 7 are other days in other tools; write its name",
    "0 7 * * mon-5": "weekday '5'",
    "0 7 * * */2": "counted from Sunday or from Monday",
    "0 7 * * monday": "'monday' is no weekday; write one of mon, tue",
    "0 7 1 * mon": "names days of the month and weekdays",
    "0 7 31 feb,apr *": "never comes",
    "60 7 * * *": "'60' is no minute; write 0 to 59",
    "0 7 * foo *": "'foo' is no month; write 1 to 12, or jan",
    "0 9-7 * * *": "ends before it begins",
    "*/0 7 * * *": "every 0th minute",
    "@weekly": "has 1 fields, a schedule has five",
    "0 0 7 * * mon": "has 6 fields",
}


@pytest.mark.parametrize(("text", "says"), REFUSED.items())
def test_what_could_be_read_in_two_ways_or_never_comes_is_refused(text: str, says: str) -> None:
    with pytest.raises(ValueError, match=re.escape(says)):
        parse(text)


def test_a_range_of_weekdays_may_pass_sunday() -> None:
    assert parse("0 7 * * SAT-Mon").weekdays == parse("0 7 * * mon,sat,sun").weekdays
