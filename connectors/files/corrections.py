"""Rows that a person corrected in the file of bad rows, put back where they stood in the list.

The one thing to know: what comes out is a list like any other. It goes through the same reading and the same guards,
and what nobody corrected is as bad in it as before, so that no row gets lost on the way.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

import polars as pl

from connectors.files.quarantine import TITLES, shown, unharmed
from connectors.files.raw import ROW, RawTable
from connectors.files.reader import ROW_NUMBER, Table, read_raw, read_table
from connectors.files.rewriting import as_csv
from connectors.files.source import NO_HINTS, Hints, read_list
from overlap.errors import ConfigError, GuardError

if TYPE_CHECKING:
    from config.partners import PartnerSettings

Cells = tuple[str | None, ...]
_VALUE: Final = TITLES.index("Value")
_FRESH: Final = "rows are numbered anew for each list: take the newest file of bad rows"


def corrected(path: Path, corrections: Path, settings: PartnerSettings, target: Path, hints: Hints = NO_HINTS) -> int:
    """Write the list at *path* with the rows of *corrections* to *target*, as CSV; return how many differ now.

    *corrections* is the file of the bad rows of that list, saved as CSV or workbook; rows may be missing in it.

    Raises:
        ConfigError: it is no such file, or of another list, or no row of it was corrected.
        GuardError: one of the two files cannot be trusted as a whole.
    """
    known = frozenset((*settings.headings.values(), *hints.memory.corrected.values(), *hints.memory.headings)) - {""}
    table = read_table(path, settings.encoding, settings.sheet, known, by_population=True)
    if table.sheets is not None:
        raise ConfigError(f"{path.name}: its sheets say who is in which population; correct the workbook itself")
    bad = {row["row_number"]: row for row in read_list(path, "", settings, hints).quarantine.to_dicts()}
    said = _said(read_raw(corrections, known=TITLES), table.headings, corrections)
    fixes: dict[int, Cells] = {}
    for row, (value, cells) in said.items():
        if row not in bad:
            raise ConfigError(f"{corrections.name}: row {row} of the list is none of its bad rows; {_FRESH}")
        before = bad[row]
        cells = _kept(cells, before["cells"] or [None] * len(cells))
        if any(cells) and list(cells) != before["cells"]:
            fixes[row] = cells
        elif not _is_shown(value, before["value"]):
            place = f"'{before['column']}'" if before["column"] else "the headings to the right"
            raise ConfigError(
                f"{corrections.name}: of row {row}, only 'Value' was edited; correct what is under {place}"
            )
    if not fixes:
        raise ConfigError(f"{corrections.name}: no row of it was corrected; edit cells under the list's own headings")
    target.write_bytes(_together(table, fixes))
    return len(fixes)


def _said(raw: RawTable, headings: tuple[str, ...], file: Path) -> dict[int, tuple[str | None, Cells]]:
    """Return what stands in the file of corrections: for each row of the list the value shown, and its cells."""
    titles = _unharmed(raw.headings)
    if titles[: len(TITLES)] != TITLES:
        raise ConfigError(f"{file.name}: no file of bad rows; its first headings must be {', '.join(TITLES)}")
    if titles[len(TITLES) :] != headings:
        raise ConfigError(f"{file.name}: not of this list, whose headings are {', '.join(headings)}; {_FRESH}")
    if not raw.rejects.is_empty():
        row, reason, _ = raw.rejects.row(0)
        raise GuardError(f"{file.name}: line {row} cannot be read ({reason}); correct it")
    texts = raw.body.select(unharmed(pl.col(str(at)).replace("", None)) for at in range(len(titles)))
    said: dict[int, tuple[str | None, Cells]] = {}
    for at, cells in zip(raw.body[ROW], texts.iter_rows(), strict=True):
        if not (cells[0] or "").strip().isdecimal() or int(cells[0]) in said:
            raise ConfigError(f"{file.name}: line {at} names no row of the list, or one that stands above; {_FRESH}")
        said[int(cells[0])] = (cells[_VALUE], cells[len(TITLES) :])
    return said


def _unharmed(texts: tuple[str, ...]) -> tuple[str, ...]:
    """Return *texts* trimmed, and as they were before the file of bad rows was written."""
    return tuple(pl.Series(texts, dtype=pl.String).to_frame("").select(unharmed(pl.col("")).str.strip_chars())[""])


def _kept(cells: Cells, before: Sequence[str | None]) -> Cells:
    """Return *cells* with those of *before* that nobody meant to change: some cannot be shown as they are.

    A spreadsheet takes leading zeros off what it thinks is a number, and has "?" for what its code page lacks.
    """

    def is_same(new: str | None, old: str | None) -> bool:
        lost_zeros = bool(new and old and old.isdecimal() and old.lstrip("0") == new)
        return lost_zeros or _is_shown(new, old)

    return tuple(old if is_same(new, old) else new for new, old in zip(cells, before, strict=True))


def _is_shown(new: str | None, old: str | None) -> bool:
    before = shown(old or "")
    return (new or "") in (before, before.strip(), before.replace("\N{REPLACEMENT CHARACTER}", "?"))


def _together(table: Table, fixes: Mapping[int, Cells]) -> bytes:
    names = table.headings
    rows = [(row, *cells) for row, cells in fixes.items()]
    fixed = pl.DataFrame(rows, schema={ROW_NUMBER: pl.Int64, **dict.fromkeys(names, pl.String)}, orient="row")
    body = pl.concat([table.rows.filter(~pl.col(ROW_NUMBER).is_in([*fixes])), fixed]).sort(ROW_NUMBER)
    # What could not be read stays so: it has another number of cells than the headings.
    return as_csv(body.drop(ROW_NUMBER), table.rejects.filter(~pl.col(ROW).is_in([*fixes]))["text"])
