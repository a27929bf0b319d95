"""Faults that the sandbox carries out by its own script: what the server does before, in and after a commit."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from connectors.sandbox.salesforce import settle as commit
from connectors.sandbox.store import Change, Store

_RULES: dict[str, dict[str, Any]] = {
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
#: These keep something from the org, or from us, until it is planned again.
KEEPING = ("refused row", "unknown refusal", "hidden rows")
#: Requests that write are counted apart: these begin at one of them.
AT_A_WRITE = tuple(kind for kind, rule in _RULES.items() if "method" in rule)
#: A row that two sweeps miss is gone: one that is hidden from one of them is still there.
OF_SWEEPS = ("hidden from a sweep",)
OF_WRITES = tuple(kind for kind, rule in _RULES.items() if "method" in rule and kind not in KEEPING)
OF_ALL = tuple(kind for kind in _RULES if kind not in (*OF_WRITES, *KEEPING, *OF_SWEEPS))


def begin(store: Store, faults: Iterable[dict[str, Any]]) -> list[str]:
    """Bring those of *faults* that are the sandbox's into force, and return their kinds in order."""
    mine = [fault for fault in faults if fault["kind"] in _RULES]
    store.set_faults([_rule(fault) for fault in mine])
    return [fault["kind"] for fault in mine]


def end(store: Store, kinds: list[str]) -> list[str]:
    """End them all, and return the kinds that struck."""
    struck = [kind for kind, rule in zip(kinds, store.faults(), strict=True) if rule.reached]
    store.set_faults([])
    return struck


def settle(store: Store) -> None:
    """Commit what is still held back: a week does not end before."""
    commit(store)


def delayed(store: Store, changes: Iterable[Change]) -> frozenset[str]:
    """Return the ids of records of which a write was taken long after its reply was lost.

    Who reads back meanwhile sees nothing of it: Salesforce gives no way to know, and to write again is right.
    """
    late = {request.number for request in store.requests() if request.fault == "delayed-commit"}
    return frozenset(change.id for change in changes if change.request in late)


def _rule(fault: dict[str, Any]) -> dict[str, Any]:
    rule = {**_RULES[fault["kind"]], "nth": fault["at"], "times": fault["count"]}
    if "contains" in rule:  # few requests are of that kind: the first ones
        rule["nth"] = 1
    return rule | {"requests": fault["count"], "times": 1} if rule["fault"] == "delayed-commit" else rule
