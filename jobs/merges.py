"""Merged accounts: what people and we know of a loser follows the survivor. Its records do not: its key retires."""

from __future__ import annotations

from collections.abc import Mapping

from jobs.context import Context
from jobs.stores import judgements
from overlap.keys import external_key


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


def follow(context: Context, crm: str, merged: Mapping[str, str]) -> dict[str, str]:
    """Let verdicts and first-seen days of merged accounts of *crm* follow, and return whom each loser became.

    A merge is told again and again; following it twice changes nothing.
    """
    found = survivors(merged)
    moved = judgements.move(context.ledger, crm, found)
    workspace_id = context.workspace.settings.workspace.id
    keys = {
        external_key(workspace_id, partner, loser, "overlap"): external_key(workspace_id, partner, survivor, "overlap")
        for loser, survivor in found.items()
        for partner in context.workspace.settings.partners
    }
    dated = context.ledger.first_seen_follows(keys)
    if moved or dated:
        what = {"crm": crm, "judgements": moved, "first_seen": dated, "survivors": found}
        context.ledger.note(context.who, "followed merges", what, context.now)
    return found


def outdated(context: Context, survivors: Mapping[str, str]) -> tuple[str, ...]:
    """Return what to correct in the settings: partners' own accounts that were merged into another one."""
    partners = context.workspace.settings.partners.items()
    return tuple(
        f"partners.{key}.account was merged into {survivors[partner.account]}: write that into overlap.toml"
        for key, partner in partners
        if partner.account is not None and partner.account in survivors
    )
