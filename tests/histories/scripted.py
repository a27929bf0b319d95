"""Faults that the sandbox carries out by its own script: what the server does before, in and after a commit."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from connectors.sandbox.journal import Change

Rules = Mapping[str, Mapping[str, Any]]
SALESFORCE: Rules = {
    "reset before": {"fault": "lost-request"},
    "reset after": {"fault": "lost-reply"},
    "half a reply": {"fault": "half-reply", "bytes": 100},
    "busy 429": {"fault": "http", "status": 429, "retry_after_s": 7},
    "busy 503": {"fault": "http", "status": 503, "retry_after_s": 2},
    "rolled back": {"fault": "rolled-back", "method": "PATCH"},
    "error page after commit": {"fault": "http", "status": 502, "after_commit": True, "method": "PATCH"},
    "delayed commit": {"fault": "delayed-commit", "method": "PATCH"},
    "half a receipt": {"fault": "half-reply", "bytes": 100, "method": "PATCH"},
    "slow reply": {"fault": "slow-drip", "bytes": 200, "pause_ms": 1},
    "refused row": {"fault": "reject-rows", "rows": [0], "method": "PATCH"},
    "unknown refusal": {"fault": "reject-rows", "rows": [0], "code": "NEVER_SEEN", "method": "PATCH"},
    "hidden rows": {"fault": "hide-rows", "object": "Partner_Overlap__c", "share": 0.5, "contains": " IN ("},
    "hidden from a sweep": {"fault": "hide-rows", "object": "Account", "share": 0.3, "contains": "SELECT Id FROM Acc"},
}
_PORTAL_WRITES = {"method": "POST", "path": "batch/[cu]*"}
HUBSPOT: Rules = {
    **{kind: SALESFORCE[kind] for kind in ("reset before", "reset after", "half a reply", "busy 503", "slow reply")},
    "busy 429": {"fault": "limit", "kind": "concurrent"},
    "moving 477": {"fault": "http", "status": 477, "retry_after_s": 9},
    "internal error 500": {"fault": "http", "status": 500},
    "rolled back": {"fault": "rolled-back", **_PORTAL_WRITES},
    "error page after commit": {"fault": "http", "status": 502, "after_commit": True, **_PORTAL_WRITES},
    "delayed commit": {"fault": "delayed-commit", **_PORTAL_WRITES},
    "half a receipt": {"fault": "half-reply", "bytes": 100, **_PORTAL_WRITES},
    "locked record 423": {"fault": "lock-rows", "rows": [0], **_PORTAL_WRITES},
    "refused row": {"fault": "reject-rows", "rows": [0], **_PORTAL_WRITES},
    "unknown refusal": {"fault": "reject-rows", "rows": [0], "code": "NEVER_SEEN", **_PORTAL_WRITES},
}
#: These keep something from the org, or from us, until it is planned again.
KEEPING = ("refused row", "unknown refusal", "hidden rows")
#: A row that two sweeps miss is gone: one that is hidden from one of them is still there.
OF_SWEEPS = ("hidden from a sweep",)


def at_a_write(rules: Rules) -> tuple[str, ...]:
    """Return the faults that begin at a request that writes: those are counted apart."""
    return tuple(kind for kind, rule in rules.items() if "method" in rule)


def of_writes(rules: Rules) -> tuple[str, ...]:
    """Return those of them that keep nothing back."""
    return tuple(kind for kind in at_a_write(rules) if kind not in KEEPING)


def of_all(rules: Rules) -> tuple[str, ...]:
    """Return the faults that may strike any request."""
    return tuple(kind for kind in rules if kind not in (*of_writes(rules), *KEEPING, *OF_SWEEPS))


def begin(store: Any, rules: Rules, faults: Iterable[dict[str, Any]]) -> list[str]:
    """Bring those of *faults* that are the sandbox's into force, and return their kinds in order."""
    mine = [fault for fault in faults if fault["kind"] in rules]
    store.set_faults([_rule(rules[fault["kind"]], fault) for fault in mine])
    return [fault["kind"] for fault in mine]


def end(store: Any, kinds: list[str]) -> list[str]:
    """End them all, and return the kinds that struck."""
    struck = [kind for kind, rule in zip(kinds, store.faults(), strict=True) if rule.reached]
    store.set_faults([])
    return struck


def delayed(store: Any, changes: Iterable[Change]) -> frozenset[str]:
    """Return the ids of records of which a write was taken long after its reply was lost.

    Who reads back meanwhile sees nothing of it: no CRM gives a way to know, and to write again is right.
    """
    late = {request.number for request in store.requests() if request.fault == "delayed-commit"}
    return frozenset(change.id for change in changes if change.request in late)


def _rule(means: Mapping[str, Any], fault: dict[str, Any]) -> dict[str, Any]:
    rule = {**means, "nth": fault["at"], "times": fault["count"]}
    if "contains" in rule:  # few requests are of that kind: the first ones
        rule["nth"] = 1
    return rule | {"requests": fault["count"], "times": 1} if rule["fault"] == "delayed-commit" else rule
