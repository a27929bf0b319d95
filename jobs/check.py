"""Check: look at everything that a run needs, and change nothing."""

from __future__ import annotations

from connectors.base import Finding
from connectors.files.source import as_of, newest_list
from jobs.context import Context, connected
from overlap.errors import OverlapError


def check(context: Context, crm: str | None = None) -> list[Finding]:
    """Return one finding per thing looked at: settings, partners' lists, and each CRM (or only *crm*)."""
    folder = context.workspace.folder
    findings = [Finding(True, "settings", str(folder / "overlap.toml"))]
    for name in context.crms() if crm is None else (crm,):
        try:
            with connected(context, name) as connection:
                findings += connection.check()
        except OverlapError as error:
            findings.append(Finding(False, name, str(error), "correct this first; nothing else of it was looked at"))
    zone = context.workspace.settings.workspace.time_zone
    for key, settings in context.workspace.settings.partners.items():
        file = newest_list(settings.files, folder)
        if file is None:
            missing = f"no file fits '{settings.files}'"
            findings.append(Finding(False, key, missing, f"put the partner's list into {folder / 'inbox'}"))
        else:
            findings.append(Finding(True, key, f"{file.name}, as of {as_of(file, zone):%Y-%m-%d}"))
    return findings
