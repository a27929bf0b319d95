"""Which of our accounts are left out of everything, and by which rule: tests, competitors, partners, legal holds."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Final

import polars as pl

from overlap.filter_rows import Rows, chosen
from overlap.filters import Filter

ACCOUNTS: Final = {"crm": pl.String, "id": pl.String, "name": pl.String, "rule": pl.String}
DEALS: Final = {"crm": pl.String, "id": pl.String, "name": pl.String, "account_id": pl.String, "rule": pl.String}


@dataclass(frozen=True, slots=True)
class Exclusion:
    """A rule: what *filter* takes, the ids and the domains (as normalised ones) of its lists."""

    name: str
    filter: Filter | None = None
    ids: tuple[str, ...] = ()
    domains: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Excluded:
    """Accounts (crm, id, name, rule) that are left out, and their deals (crm, id, name, account_id, rule)."""

    accounts: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=ACCOUNTS))
    deals: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=DEALS))


def excluded(rows: Rows, domains: pl.Series, rules: Sequence[Exclusion]) -> Excluded:
    """Return what *rules* leave out; the first rule that takes an account counts.

    *domains* are a list for each of the accounts, in their order: all that its website names.

    Raises:
        ConfigError: a mapped field holds something else than a rule takes it for.
    """
    accounts = rows.accounts.select("crm", "id", "name", domains=domains)
    taken = [pl.when(_takes(rule, rows, accounts)).then(pl.lit(rule.name)) for rule in rules]
    rule = pl.coalesce(*taken) if taken else pl.lit(None, pl.String)
    gone = accounts.with_columns(rule=rule).filter(pl.col("rule").is_not_null()).select(list(ACCOUNTS))
    return Excluded(gone) if rows.deals is None else with_deals(gone, rows.deals)


def with_deals(gone: pl.DataFrame, deals: pl.DataFrame) -> Excluded:
    """Return the accounts *gone* with their *deals*."""
    by_account = gone.select("crm", "rule", account_id="id")
    return Excluded(gone, deals.join(by_account, on=["crm", "account_id"], maintain_order="left").select(list(DEALS)))


def counts(gone: Excluded, rules: Sequence[str]) -> dict[str, int]:
    """Return how many accounts each of *rules* leaves out, also those that leave out none."""
    found = dict(gone.accounts.group_by("rule").len().iter_rows())
    return {rule: found.get(rule, 0) for rule in rules}


def names_any(lists: str, domains: Collection[str]) -> pl.Expr:
    """Return whether the list of domains in the column *lists* has one of *domains*."""
    return pl.col(lists).list.eval(pl.element().is_in(list(domains))).list.any()


def _takes(rule: Exclusion, rows: Rows, accounts: pl.DataFrame) -> pl.Series:
    listed = pl.col("id").is_in(list(rule.ids)) | names_any("domains", rule.domains)
    taken = accounts.select(listed.alias("taken")).to_series()
    return taken if rule.filter is None else taken | chosen(rule.filter, rows)
