"""Figures of a workspace for Prometheus, read from the ledger whenever they are asked for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector
from sqlalchemy import func, select

from config.settings import Settings
from jobs.service.turns import Timetable
from jobs.stores import api_calls, lists, outbox, plans, schema, slots
from jobs.stores.ledger import Ledger
from jobs.stores.schema import slots as slot_rows

_DAY = timedelta(hours=24)


def exposition(ledger: Ledger, settings: Settings, tables: Mapping[str, Timetable], now: datetime) -> bytes:
    """Return every figure as Prometheus reads it."""
    registry = CollectorRegistry()
    registry.register(_Figures(ledger, settings, tables, now))
    return generate_latest(registry)


class _Figures(Collector):
    def __init__(self, ledger: Ledger, settings: Settings, tables: Mapping[str, Timetable], now: datetime) -> None:
        self._ledger, self._settings, self._tables, self._now = ledger, settings, tables, now

    def collect(self) -> Iterator[Any]:
        """Yield one family of figures after the other."""
        yield from self._of_runs()
        yield from self._of_slots()
        yield from self._of_records()
        yield from self._of_lists()
        yield from self._of_calls()

    def _of_runs(self) -> Iterator[Any]:
        runs = schema.runs
        counted = CounterMetricFamily("overlap_runs", "Lines of the ledger's runs.", labels=("verb", "state"))
        for verb, state, count in self._rows(
            select(runs.c.verb, runs.c.state, func.count()).group_by(runs.c.verb, runs.c.state)
        ):
            counted.add_metric((verb, state), count)
        yield counted
        took = GaugeMetricFamily("overlap_last_run_seconds", "How long the last one took.", labels=("verb",))
        for run in self._ledger.last_runs():
            if run.finished_at is not None:
                took.add_metric((run.verb,), (run.finished_at - run.started_at).total_seconds())
        yield took

    def _of_slots(self) -> Iterator[Any]:
        counted = CounterMetricFamily("overlap_slots", "Times that were due.", labels=("schedule", "state"))
        for place, count in slots.tally(self._ledger).items():
            counted.add_metric(place, count)
        yield counted
        good = GaugeMetricFamily(
            "overlap_last_good_run_timestamp_seconds", "When it last ended well.", labels=("schedule",)
        )
        took = GaugeMetricFamily("overlap_last_slot_seconds", "How long its last one took.", labels=("schedule",))
        for name in self._tables:
            at = slots.last_good(self._ledger, name, self._now)
            if at is not None:
                good.add_metric((name,), at.timestamp())
            spans = slot_rows.c.claimed_at, slot_rows.c.finished_at
            ours = (slot_rows.c.schedule == name) & slot_rows.c.code.is_not(None) & spans[1].is_not(None)
            for began, ended in self._rows(select(*spans).where(ours).order_by(spans[1].desc()).limit(1)):
                took.add_metric((name,), (ended - began).total_seconds())
        yield good
        yield took

    def _of_records(self) -> Iterator[Any]:
        said = "Changes of its plan that was applied last, and of a newer one, by where they stand."
        changes = GaugeMetricFamily("overlap_changes", said, labels=("crm", "state"))
        held = GaugeMetricFamily("overlap_plan_held", "1: its newest plan waits for a person.", labels=("crm",))
        made = schema.plans
        for crm in self._settings.crm:
            last = plans.last_applied(self._ledger, crm)
            counted: Counter[str] = Counter()
            for number in {last.id if last else None, plans.latest_id(self._ledger, crm)} - {None}:
                counted.update(outbox.tally(self._ledger, str(number)))
            for state, count in sorted(counted.items()):
                changes.add_metric((crm, state), count)
            newest = select(made.c.held, made.c.applied_at).where(made.c.crm == crm, made.c.undoes == "[]")
            for why, applied_at in self._rows(newest.order_by(made.c.id.desc()).limit(1)):
                held.add_metric((crm,), float(why != "[]" and applied_at is None))
        yield changes
        yield held

    def _of_lists(self) -> Iterator[Any]:
        age = GaugeMetricFamily("overlap_list_age_seconds", "Age of the list in force.", labels=("partner",))
        for partner in self._settings.partners:
            newest = lists.newest(self._ledger, partner)
            if newest is not None:
                age.add_metric((partner,), (self._now - newest.as_of).total_seconds())
        yield age

    def _of_calls(self) -> Iterator[Any]:
        made = GaugeMetricFamily("overlap_api_calls_24h", "Our calls of the last 24 hours.", labels=("crm",))
        for crm in self._settings.crm:
            made.add_metric((crm,), api_calls.since(self._ledger, crm, self._now - _DAY))
        yield made
        percent = self._settings.guards.api_budget_percent
        yield GaugeMetricFamily("overlap_api_budget_percent", "What of a day's allowance is ours.", value=percent)

    def _rows(self, query: Any) -> list[Any]:
        with self._ledger.engine.connect() as connection:
            return list(connection.execute(query))
