"""Merged accounts: what people and we know of a loser follows the survivor. Its records do not: its key retires.

Deals follow too: a CRM need not say that a deal changed because its account was merged.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Final

from jobs.context import Context
from jobs.stores import intervals, judgements, questions
from jobs.stores.warehouse import Warehouse
from overlap.keys import external_key

#: Rows that name an account.
_OF_ACCOUNTS: Final = ("opportunities", "opportunity_partners")


def survivors(merged: Mapping[str, str]) -> dict[str, str]:
    """Return for each loser of *merged* the last survivor of its chain; whom a circle leads nowhere is left out."""
    last: dict[str, str] = {}
    for loser in merged:
        chain = [loser]
        while chain[-1] in merged and merged[chain[-1]] not in chain:
            chain.append(merged[chain[-1]])
        if chain[-1] not in merged:
            last[loser] = chain[-1]
    return last


def follow(context: Context, warehouse: Warehouse, crm: str, merged: Mapping[str, str]) -> dict[str, str]:
    """Let all that is known of merged accounts of *crm* follow, and return whom each loser became.

    That is verdicts, first-seen days, how long overlaps stood, deals, and which accounts the settings name: the
    partners themselves, who is excluded or never shared. A merge is told again and again; following it twice changes
    nothing.
    """
    found = survivors(merged)
    for stream in _OF_ACCOUNTS:
        warehouse.rename(stream, "account_id", crm, found)
    _pin(context, crm, found)
    moved = judgements.move(context.ledger, crm, found)
    questions.move(context.ledger, crm, found)
    workspace_id = context.workspace.settings.workspace.id
    keys = {
        external_key(workspace_id, partner, loser, "overlap"): external_key(workspace_id, partner, survivor, "overlap")
        for loser, survivor in found.items()
        for partner in context.workspace.settings.partners
    }
    dated = context.ledger.first_seen_follows(keys)
    intervals.follow(context.ledger, crm, found)
    if moved or dated:
        what = {"crm": crm, "judgements": moved, "first_seen": dated, "survivors": found}
        context.ledger.note(context.who, "followed merges", what, context.now)
    return found


def with_survivors(context: Context, ids: Collection[str]) -> tuple[str, ...]:
    """Return *ids*, accounts that the settings name, with what each of them was merged into since, in any CRM."""
    found = dict.fromkeys(ids)
    for crm in context.workspace.settings.crm if ids else ():
        into = survivors(context.ledger.pins(_pins(crm)))
        found |= dict.fromkeys(into[one] for one in ids if one in into)
    return tuple(found)


def names_of(context: Context, crm: str, account: str) -> tuple[str, ...]:
    """Return *account*, as the settings name one of *crm*, and what it was merged into since, one after the other."""
    into = context.ledger.pins(_pins(crm))
    chain = [account]
    while chain[-1] in into and into[chain[-1]] not in chain:
        chain.append(into[chain[-1]])
    return tuple(chain)


def _pin(context: Context, crm: str, found: Mapping[str, str]) -> None:
    """Keep what became of accounts that the settings name: a merge that is over is not told with every pull."""
    named = {account for _, account in _named(context)} | set(context.ledger.pins(_pins(crm)).values())
    for loser, survivor in found.items():
        if loser in named:
            context.ledger.pin(_pins(crm) + loser, survivor)


def _pins(crm: str) -> str:
    return f"merged:{crm}:"


def outdated(context: Context, survivors: Mapping[str, str]) -> tuple[str, ...]:
    """Return what to correct in the settings: accounts that they name and that were merged into another one."""
    return tuple(
        f"{place} was merged into {survivors[account]}: write that into overlap.toml"
        for place, account in _named(context)
        if account in survivors
    )


def _named(context: Context) -> Iterator[tuple[str, str]]:
    """Yield the accounts that the settings name, each after its place there."""
    settings = context.workspace.settings
    for key, partner in settings.partners.items():
        if partner.account is not None:
            yield f"partners.{key}.account", partner.account
        if partner.share is not None and partner.share.never is not None:
            yield from ((f"partners.{key}.share.never.ids: {one}", one) for one in partner.share.never.ids)
    for name, rule in settings.exclusions.items():
        yield from ((f"exclusions.{name}.ids: {one}", one) for one in rule.ids)
