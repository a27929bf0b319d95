"""From when to when accounts were in a cell with a partner, by their names."""

from __future__ import annotations

from datetime import date

import polars as pl

from jobs.context import Context
from jobs.stores import intervals, snapshot
from overlap.errors import ConfigError


def history(
    context: Context, account: str | None = None, partner: str | None = None, at: date | None = None
) -> pl.DataFrame:
    """Return the intervals (see `jobs.stores.intervals.read`) with ``account_name``, the newest first.

    *account* is an id or a part of a name; *partner* a key, that of one who was removed too; *at* a day. Names are
    those of the published run: null for an account that it does not have any more.

    Raises:
        ConfigError: *account* is none of the published run and has no interval either; or there never was *partner*.
    """
    known = _names(context)
    ids = None
    if account is not None:
        named = known.filter(pl.col("account_name").str.to_lowercase().str.contains(account.lower(), literal=True))
        ids = {*named["account_id"], account}
    found = intervals.read(context.ledger, ids, partner, at)
    if found.is_empty() and account is not None and ids == {account} and account not in set(known["account_id"]):
        raise ConfigError(f"no account has '{account}' in its name, and none that had an overlap has it as its id")
    if found.is_empty() and partner is not None and intervals.read(context.ledger, partner=partner).is_empty():
        known_ones = context.workspace.settings.partners
        if partner not in known_ones:
            raise ConfigError(f"there is no partner '{partner}'; known: {', '.join(known_ones) or 'none'}")
    return found.join(known, on=["crm", "account_id"], how="left", maintain_order="left")


def _names(context: Context) -> pl.DataFrame:
    """Return crm, account_id, account_name of the published run, those left out among them; nothing without one."""
    found = snapshot.former(context.workspace.runs, context.ledger.pinned("published_run"), "accounts", "excluded")
    schema = {"crm": pl.String, "account_id": pl.String, "account_name": pl.String}
    if found is None:
        return pl.DataFrame(schema=schema)
    both = pl.concat([frame.select("crm", account_id="id", account_name="name") for frame in found[1]])
    return both.unique(["crm", "account_id"], keep="first", maintain_order=True)
