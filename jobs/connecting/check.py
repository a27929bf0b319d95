"""Check: look at everything that a run needs, and change nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Final

from connectors.base import Connection, Finding
from connectors.files.guarded import Reader
from connectors.files.source import as_of
from jobs.context import Context, connected
from jobs.partners.arrivals import newest_file
from jobs.partners.lists import misfit
from jobs.partners.lists_in_force import hints
from jobs.partners.terms import not_analysed, warnings
from jobs.stores import lists
from overlap.errors import OverlapError

_RENEW: Final = "agree anew and set 'expires'; without that, everything of the partner retires"


def check(context: Context, crm: str | None = None) -> list[Finding]:
    """Return one finding per thing looked at: settings, partners' lists, and each CRM (or only *crm*)."""
    folder = context.workspace.folder
    findings = [Finding(True, "settings", context.workspace.settings_files), *of_connections(context, crm)]
    zone = context.workspace.settings.workspace.time_zone
    ending, over = warnings(context), not_analysed(context)
    for key, settings in context.workspace.settings.partners.items():
        if key in ending:
            findings.append(Finding(key not in over, f"partners.{key}.terms", ending[key], _RENEW))
        if key in over:
            continue
        try:
            file = newest_file(context, key)
        except OverlapError as error:
            findings.append(Finding(False, key, str(error), f"correct [partners.{key}]"))
            continue
        if file is None:
            newest, _ = lists.in_force(context.ledger, key, context.workspace.zone)
            said = (
                f"; the list in force is of {newest.as_of.astimezone(context.workspace.zone):%Y-%m-%d}"
                if newest
                else ""
            )
            remedy = f"put the partner's list into {folder / 'inbox'}"
            findings.append(Finding(newest is not None, key, f"no file fits '{settings.files}'{said}", remedy))
        else:
            findings.append(_list(context, key, file, as_of(file, zone)))
    return findings


def of_connections(context: Context, crm: str | None = None) -> list[Finding]:
    """Return one finding per thing looked at in each CRM, or only in *crm*."""
    findings: list[Finding] = []
    has: dict[str, set[str]] = {}
    for name in context.crms() if crm is None else (crm,):
        try:
            with connected(context, name) as connection:
                findings += _of_crm(context, name, connection.check())
                has[name] = _own_accounts(context, connection)
        except OverlapError as error:
            findings.append(Finding(False, "crm", str(error), "correct this first; nothing else of it was looked at"))
    return findings + _named_accounts(context, has)


def _of_crm(context: Context, name: str, found: Iterable[Finding]) -> list[Finding]:
    """Return *found*, saying of which CRM it is where there are several."""
    several = len(context.crms()) > 1
    return [replace(one, subject=f"{name}: {one.subject}") if several else one for one in found]


def _own_accounts(context: Context, connection: Connection) -> set[str]:
    """Return which of the partners' own accounts, as the settings name them, are in this CRM."""
    named = tuple(one.account for one in context.workspace.settings.partners.values() if one.account)
    return set(connection.sink.current("account", (), named)["id"]) if named else set()


def _named_accounts(context: Context, has: Mapping[str, set[str]]) -> list[Finding]:
    """Whether one of our CRMs has the own account of each partner; *has* says what those that were looked at have."""
    found = set().union(*has.values())
    named = {key: one.account for key, one in context.workspace.settings.partners.items() if one.account}
    remedy = "correct the setting 'account': without it, OpportunityPartner rows say nothing"
    # One that was not looked at may have what the others lack.
    everywhere = len(has) == len(context.crms())
    return [
        Finding(account in found, f"partners.{key}.account", account, remedy)
        for key, account in sorted(named.items())
        if account in found or everywhere
    ]


def _list(context: Context, key: str, file: Path, day: datetime) -> Finding:
    """Read the list as a pull would; what it would hold is held here too."""
    settings = context.workspace.settings
    try:
        with Reader(settings.lists) as reader:
            found = reader.read_list(file, key, settings.partners[key], hints(context, key, file.name))
    except OverlapError as error:
        return Finding(False, key, str(error), "correct the file or the partner's settings")
    if found.reading.differences:
        return Finding(False, key, f"{file.name}: {misfit(key, found.reading.differences)}")
    on = day.astimezone(context.workspace.zone)
    read = f"{file.name}, as of {on:%Y-%m-%d}: {found.rows.height:,} accounts, {found.quarantine.height:,} bad rows"
    return Finding(True, key, read)
