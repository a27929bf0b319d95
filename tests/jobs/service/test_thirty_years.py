"""Thirty years of a service that dies and sleeps, by a clock that is set to and fro: one row for each time."""

from __future__ import annotations

import random
from collections import Counter
from contextlib import closing
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from config.schedules import ScheduleSettings
from jobs.service import health, turns
from jobs.service.child import Ending
from jobs.stores import slots
from jobs.stores.ledger import Ledger
from jobs.stores.slots import Slot

BEGIN, END = datetime(2026, 1, 1, 12, tzinfo=UTC), datetime(2056, 1, 1, 12, tzinfo=UTC)
#: Sundays at half past two: the time that Berlin's clock leaves out once a year, and shows twice once a year.
SUNDAYS = ScheduleSettings(cron="30 2 * * sun", zone="Europe/Berlin")
MONTHS = ScheduleSettings(cron="0 7 1 * *", zone="America/New_York")
TABLES = {name: turns.timetable(name, said, "UTC") for name, said in (("sundays", SUNDAYS), ("months", MONTHS))}
DONE, CRASHED, STOPPED = Ending(0, None, ""), Ending(-9, None, ""), Ending(130, None, "")


def test_in_thirty_years_each_time_that_was_due_has_one_row(ledger: Ledger) -> None:
    with closing(ledger.engine.raw_connection()) as connection:
        connection.cursor().execute("pragma synchronous = off")  # nobody pulls the plug here
    chance, now, ended = random.Random(30), BEGIN, Counter[int]()
    turns.see(ledger, TABLES, now)
    while now < END:
        now = min(now + _until_next_look(chance), END)
        shown = now + chance.choice([timedelta()] * 8 + [timedelta(hours=-3), timedelta(days=-40)])  # a clock set back
        if chance.random() < 0.1:
            slots.recover(ledger, shown)  # the service was started again
        while (slot := turns.take(ledger, TABLES, shown)) is not None:
            slots.begin(ledger, slot)
            ending = chance.choice([DONE] * 6 + [CRASHED, STOPPED])
            if chance.random() < 0.05:
                slots.recover(ledger, shown)  # it died with its child
                continue
            ended[slot.id] += turns.ended(ledger, slot, ending, shown, ending is STOPPED) == slots.DONE
    while turns.take(ledger, TABLES, END) is not None:
        slots.recover(ledger, END)
    sundays, months = slots.every(ledger, "sundays"), slots.every(ledger, "months")
    assert [slot.slot for slot in sundays] == _sundays()
    assert [slot.slot for slot in months] == _firsts()
    for slot in (*sundays, *months):
        assert ended[slot.id] == (slot.state == slots.DONE)
    for found in (sundays, months):
        _went_into_later_ones(found)
    states = Counter(slot.state for slot in sundays)
    assert states[slots.DONE] > 500, states
    assert states[slots.COALESCED] > 100, states


def _until_next_look(chance: random.Random) -> timedelta:
    """Most looks are days apart; now and then nobody looks for months."""
    return timedelta(hours=chance.choice([chance.uniform(10, 200)] * 12 + [chance.uniform(700, 4000)]))


def _sundays() -> list[str]:
    first = next(day for at in range(7) if (day := date(2026, 1, 2) + timedelta(days=at)).weekday() == 6)
    every = (first + timedelta(days=7 * at) for at in range(30 * 53))
    return [f"{day}T02:30" for day in every if day < END.date()]


def _firsts() -> list[str]:
    days = [date(year, month, 1) for year in range(2026, 2057) for month in range(1, 13)]
    at = [datetime.combine(day, time(7), ZoneInfo("America/New_York")) for day in days]
    return [f"{one:%Y-%m-%dT%H:%M}" for one in at if BEGIN < one <= END]


def _went_into_later_ones(found: list[Slot]) -> None:
    by_time = {slot.slot: slot for slot in found}
    for slot in found:
        if slot.state == slots.COALESCED:
            assert slot.into is not None and slot.into > slot.slot
            assert by_time[slot.into].state != slots.COALESCED


def test_a_clock_that_was_ahead_runs_nothing_twice_and_a_person_takes_its_turns_back(ledger: Ledger) -> None:
    turns.see(ledger, TABLES, BEGIN)
    ahead, now = BEGIN + timedelta(days=400), BEGIN + timedelta(days=30)
    while (slot := turns.take(ledger, TABLES, ahead)) is not None:
        turns.ended(ledger, slot, DONE, ahead, stopped=False)
    assert turns.take(ledger, TABLES, now + timedelta(days=30)) is None
    assert health.is_ahead(ledger, "sundays", now) is not None
    assert health.why_late(ledger, TABLES, 6, now), "what ended well in the future is no reason to be calm"
    slots.resume(ledger, "sundays", now)
    assert health.is_ahead(ledger, "sundays", now) is None
    slot = turns.take(ledger, TABLES, now + timedelta(days=30))
    assert slot is not None
    assert slot.slot == "2026-03-01T02:30"
    turns.ended(ledger, slot, DONE, now, stopped=False)
    slot = turns.take(ledger, TABLES, ahead)
    assert slot is not None
    assert slot.slot == "2027-01-24T02:30", "that of the 31st had its turn, and has no other one"
