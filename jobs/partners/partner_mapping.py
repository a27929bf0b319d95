"""Show how a partner's list is read, and let a person correct it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from connectors.files.guarded import Reader
from connectors.files.headings import COLUMNS, did_you_mean, squashed
from connectors.files.reading import Heading, Memory
from jobs.context import Context
from jobs.partners.arrivals import arrived
from jobs.partners.lists import misfit
from jobs.partners.lists_in_force import hints
from jobs.partners.terms import require_analysed
from jobs.stores import list_mappings, lists
from overlap.errors import ConfigError


@dataclass(frozen=True, slots=True)
class MappingReport:
    """How *file* of *partner* is read: each heading with its column, why, and samples.

    *held* says why a pull would hold the file for its headings, None if it would not; *signature* which tool wrote it.
    """

    partner: str
    file: str
    headings: tuple[Heading, ...]
    signature: str | None
    held: str | None
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Correction:
    """What a person says of a partner's headings.

    *columns* (ours to theirs, "" for none), headings to *ignore*; *forget* what was remembered or said before.
    """

    columns: Mapping[str, str]
    ignore: Sequence[str] = ()
    forget: bool = False


def look(context: Context, partner: str, file: Path | None = None) -> MappingReport:
    """Return how *file* is read, by default the newest list of *partner*, else the one in force.

    Raises:
        ConfigError: there is no such file, or a setting names a heading that it lacks.
        GuardError: the file as a whole cannot be trusted.
    """
    path, name = _file(context, partner, file)
    settings = context.workspace.settings.partners[partner]
    with Reader(context.workspace.settings.lists) as reader:
        reading = reader.read_headings(path, partner, settings, hints(context, partner, name))
    held = misfit(partner, reading.differences) if reading.differences else None
    if "name" not in reading.columns:
        held = held or "no heading stands for the company name; say which with --set name=HEADING"
    return MappingReport(partner, name, reading.headings, reading.signature, held, reading.notes)


def correct(context: Context, partner: str, said: Correction, file: Path | None = None) -> MappingReport:
    """Write down what a person *said*, and return how *file* is read from now on. It counts from the next pull on.

    Raises what `look` does, and:
        ConfigError: a column is not ours, the file lacks a heading, or the settings say something of the column.
    """
    before = Memory() if said.forget else list_mappings.memory(context.ledger, partner)[0]
    if said.forget:
        _write(context, partner, before, {"forgot": True})
    if said.columns or said.ignore:
        known = [one.heading for one in look(context, partner, file).headings]
        in_settings = context.workspace.settings.partners[partner].headings
        columns = {column: _heading(column, heading, known, in_settings) for column, heading in said.columns.items()}
        ignored = tuple(_known(heading, known) for heading in said.ignore)
        _refuse_ignored(ignored, in_settings)
        gone = {*ignored, *columns.values()}
        after = replace(
            before,
            taken={column: one for column, one in before.taken.items() if column not in columns and one not in gone},
            corrected={column: one for column, one in before.corrected.items() if one not in gone} | columns,
            ignored=tuple(dict.fromkeys((*(one for one in before.ignored if one not in columns.values()), *ignored))),
        )
        _write(context, partner, after, {"columns": columns, "ignored": ignored})
    return look(context, partner, file)


def _file(context: Context, partner: str, file: Path | None) -> tuple[Path, str]:
    """Return where the list to look at lies, and the name under which it came."""
    require_analysed(context, partner)
    if file is None:
        file = arrived(context, partner)
    if file is not None:
        return file, file.name
    accepted, _ = lists.in_force(context.ledger, partner, context.workspace.zone)
    if accepted is None:
        raise ConfigError(f"partner '{partner}' has sent no list yet; name a FILE")
    return accepted.path(context.workspace.lists), accepted.file_name


def _heading(column: str, heading: str, known: Sequence[str], in_settings: Mapping[str, str]) -> str:
    """Return the heading that is meant for *column*, as the file spells it."""
    if column not in COLUMNS:
        raise ConfigError(f"--set {column}: not a column of ours{did_you_mean(column, COLUMNS)}")
    if column in in_settings:
        raise ConfigError(
            f"--set {column}: the settings say headings.{column} = '{in_settings[column]}'; correct it there"
        )
    return _known(heading, known) if heading else ""


def _known(heading: str, known: Sequence[str]) -> str:
    alike = next((one for one in known if one == heading), None)
    alike = alike or next((one for one in known if squashed(one) == squashed(heading)), None)
    if alike is None:
        raise ConfigError(f"the file has no heading '{heading}'{did_you_mean(heading, known)}")
    return alike


def _refuse_ignored(ignored: Sequence[str], in_settings: Mapping[str, str]) -> None:
    for column, heading in in_settings.items():
        if heading in ignored:
            raise ConfigError(
                f"--ignore '{heading}': the settings say headings.{column} = '{heading}'; correct it there"
            )


def _write(context: Context, partner: str, memory: Memory, said: Mapping[str, object]) -> None:
    list_mappings.remember(context.ledger, partner, memory, context.who, context.now)
    context.ledger.note(context.who, "corrected mapping", {"partner": partner, **said}, context.now)
