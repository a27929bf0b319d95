"""The ledger's tables. A change here needs a migration in `migrations/versions`; a test compares the two."""

from __future__ import annotations

from jobs.stores.schema.partners import erasures, list_mappings, lists, release_rows, releases, stop_list
from jobs.stores.schema.people import alerts, judgements, messages, review_questions, told
from jobs.stores.schema.runs import absences, first_seen, intervals, pins, runs
from jobs.stores.schema.service import lease, schedules, slots
from jobs.stores.schema.types import UtcDateTime, metadata
from jobs.stores.schema.upkeep import audit, backups
from jobs.stores.schema.writing import api_calls, baselines, bulk_jobs, outbox, plans

__all__ = [
    "UtcDateTime",
    "absences",
    "alerts",
    "api_calls",
    "audit",
    "backups",
    "baselines",
    "bulk_jobs",
    "erasures",
    "first_seen",
    "intervals",
    "judgements",
    "lease",
    "list_mappings",
    "lists",
    "messages",
    "metadata",
    "outbox",
    "pins",
    "plans",
    "release_rows",
    "releases",
    "review_questions",
    "runs",
    "schedules",
    "slots",
    "stop_list",
    "told",
]
