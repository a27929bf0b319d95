"""The companies of the published run that several CRMs of ours have, and where each of these has them."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from jobs.context import Context
from jobs.views import published


@dataclass(frozen=True, slots=True)
class Account:
    """An account of a company; *population* is its own, whatever the CRM that speaks says."""

    crm: str
    id: str
    name: str
    population: str
    speaks: bool


@dataclass(frozen=True, slots=True)
class Company:
    """A company, named as the CRM that speaks for it does; *differs*: its CRMs have it in different populations."""

    name: str
    differs: bool
    accounts: tuple[Account, ...]


def companies(context: Context, differing: bool = False, name: str | None = None) -> list[Company]:
    """Return the companies that several CRMs have, by name; only those that differ, or with *name* in a name.

    Raises:
        ConfigError: nothing has been matched yet.
    """
    accounts, known = published(context, "accounts", "companies")
    if "in_several" not in known.columns:  # a run of an earlier version
        return []
    several = known.filter("in_several").join(accounts.select("crm", "id", "name"), on=["crm", "id"])
    found = [
        _company(rows)
        for _, rows in several.sort("speaks", "crm", "id", descending=[True, False, False]).group_by(
            "company", maintain_order=True
        )
    ]
    wanted = (name or "").lower()
    kept = [
        one
        for one in found
        if (one.differs or not differing) and any(wanted in account.name.lower() for account in one.accounts)
    ]
    return sorted(kept, key=lambda one: (one.name.lower(), one.accounts[0].id))


def _company(rows: pl.DataFrame) -> Company:
    accounts = tuple(
        Account(row["crm"], row["id"], row["name"], row["own_population"], row["speaks"])
        for row in rows.iter_rows(named=True)
    )
    return Company(accounts[0].name, bool(rows["differs"].any()), accounts)
