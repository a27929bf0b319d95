"""Check: look at everything that a run needs, and change nothing."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from config.settings import PartnerSettings
from connectors.base import Connection, Finding
from connectors.files.source import as_of, newest_list, read_list
from jobs.context import Context, connected
from overlap.errors import OverlapError


def check(context: Context, crm: str | None = None) -> list[Finding]:
    """Return one finding per thing looked at: settings, partners' lists, and each CRM (or only *crm*)."""
    folder = context.workspace.folder
    findings = [Finding(True, "settings", context.workspace.settings_files)]
    for name in context.crms() if crm is None else (crm,):
        try:
            with connected(context, name) as connection:
                findings += connection.check()
                findings += _own_accounts(context, connection)
        except OverlapError as error:
            findings.append(Finding(False, "crm", str(error), "correct this first; nothing else of it was looked at"))
    zone = context.workspace.settings.workspace.time_zone
    for key, settings in context.workspace.settings.partners.items():
        file = newest_list(settings.files, folder)
        if file is None:
            missing = f"no file fits '{settings.files}'"
            findings.append(Finding(False, key, missing, f"put the partner's list into {folder / 'inbox'}"))
        else:
            findings.append(_list(key, settings, file, as_of(file, zone)))
    return findings


def _own_accounts(context: Context, connection: Connection) -> list[Finding]:
    """Whether the partners' own accounts, as the settings name them, are in this CRM."""
    named = {key: one.account for key, one in context.workspace.settings.partners.items() if one.account}
    known = set(connection.sink.current("account", (), tuple(named.values()))["id"]) if named else set()
    remedy = "correct the setting 'account': without it, OpportunityPartner rows say nothing"
    return [
        Finding(account in known, f"partners.{key}.account", account, remedy) for key, account in sorted(named.items())
    ]


def _list(key: str, settings: PartnerSettings, file: Path, day: datetime) -> Finding:
    """Read the list as a pull would; what it would hold is held here too."""
    try:
        found = read_list(file, key, settings)
    except OverlapError as error:
        return Finding(False, key, str(error), "correct the file or the partner's settings")
    read = f"{file.name}, as of {day:%Y-%m-%d}: {found.rows.height:,} accounts, {found.quarantine.height:,} bad rows"
    return Finding(True, key, read)
