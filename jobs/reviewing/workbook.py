"""The doubtful pairs of one partner as a workbook for its partner manager: one row a pair, a verdict to choose.

The one thing to know: names come from partners and CRMs, so no cell can be a formula; what is not to be filled in is
locked. `jobs.reviewing.answers` reads it back.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import polars as pl

from connectors.files.answers import NAME_LABEL, NAMED
from connectors.files.workbook import REVIEW_SHEET
from jobs.context import Context
from jobs.reviewing.doubtful import Doubt, doubtful
from jobs.reviewing.scales import scales
from jobs.sharing.release_files import neutral
from jobs.steps import step
from jobs.stores import questions
from jobs.stores.questions import Question
from overlap.errors import ConfigError

VERDICTS: Final = ("same", "different", "later")
#: More are no work for a week, and each takes a third of a second to weigh.
MOST_PAIRS: Final = 200
#: The columns, with their width in characters.
_COLUMNS: Final = {
    "verdict": 11, "comment": 24,
    "our account": 28, "our website": 22, "our place": 22, "our id": 20,
    "their account": 28, "their website": 22, "their place": 22, "their id": 16,
    "how sure": 9, "why": 50, "what would settle it": 50, "worth": 36, "key": 4,
}  # fmt: skip
_OPEN_TO_EDIT: Final = ("verdict", "comment")
_TOP: Final = 4
_CELL_CHARACTERS: Final = 1_000


@dataclass(frozen=True, slots=True)
class WorkbookWritten:
    """The workbook in *file* asks about so many *pairs* with *partner*; nothing was written if there are none.

    *left* are the doubtful pairs that it has no room for.
    """

    partner: str | None
    file: str | None
    pairs: int
    left: int = 0


def write_workbook(
    context: Context, partner: str | None, path: Path, limit: int = MOST_PAIRS, sample: int | None = None
) -> WorkbookWritten:
    """Write the pairs of `doubtful` with *partner* to the workbook *path*, or to one in the folder *path*.

    Without *partner*, there must be one only with which pairs are doubtful. A file at *path* is replaced.

    Raises:
        ConfigError: nothing has been matched yet, or nobody said which partner, or *path* cannot be written.
    """
    every = doubtful(context, partner, sample)
    pairs = every[:limit]
    partners = sorted({doubt.theirs["partner"] for doubt in every})
    if len(partners) > 1:
        raise ConfigError(f"a workbook is for one partner; say --partner with one of {', '.join(partners)}")
    if not pairs:
        return WorkbookWritten(partner, None, 0)
    if path.is_dir():
        path = path / f"{NAMED}-{partners[0]}-{context.today}.xlsx"
    if path.suffix.lower() != ".xlsx":
        raise ConfigError(f"{path}: a review workbook is .xlsx; give it that ending, or name a folder")
    if not path.parent.is_dir():
        raise ConfigError(f"{path}: there is no folder {path.parent}; make it, or choose another")
    weighing = scales(context)
    facts = []
    for number, doubt in enumerate(pairs, start=1):
        context.report(f"looking for what would settle pair {number:,} of {len(pairs):,}", number / len(pairs))
        facts.append(weighing.weigh(doubt).settling)
    keys = questions.ask(context.ledger, [_question(doubt, context) for doubt in pairs])
    rows = [
        _row(doubt, settling[0].said if settling else "", key)
        for doubt, settling, key in zip(pairs, facts, keys, strict=True)
    ]
    step("review: write workbook")
    _write(rows, f"Which of these are one company? {partners[0]}, {context.today}", path)
    step("review: workbook written")
    return WorkbookWritten(partners[0], str(path), len(pairs), len(every) - len(pairs))


def _question(doubt: Doubt, context: Context) -> Question:
    ours, theirs = doubt.known
    sides = {f"{side}_{name}": row[name] for side, row in (("ours", ours), ("theirs", theirs)) for name in _KNOWN_BY}
    return Question(key="", crm=ours["crm"], partner=theirs["partner"], asked_at=context.by_now(), **sides)


_KNOWN_BY: Final = ("id", "name", "domain", "country")


def _row(doubt: Doubt, fact: str, key: str) -> dict[str, str]:
    deals = f", {doubt.open_deals} open deals" if doubt.open_deals else ""
    said = {
        "how sure": f"{doubt.probability:.0%}",
        "why": doubt.reasons,
        "what would settle it": fact,
        "worth": f"{doubt.cell}, priority {doubt.priority}{deals}",
        "key": key,
    }
    for whose, row in (("our", doubt.ours), ("their", doubt.theirs)):
        place = ", ".join(str(row[part]) for part in ("postcode", "city", "country") if row[part])
        of_side = {"account": row["name"], "website": row["website"] or "", "place": place, "id": row["id"]}
        said |= {f"{whose} {name}": str(value) for name, value in of_side.items()}
    return {column: said.get(column, "")[:_CELL_CHARACTERS] for column in _COLUMNS}


def _write(rows: Sequence[dict[str, str]], title: str, path: Path) -> None:
    import xlsxwriter  # type: ignore[import-untyped]  # ships no py.typed

    safe = pl.DataFrame(rows).with_columns(neutral(pl.all()))
    partial = path.with_name(f".{path.name}.partial")
    options: dict[str, Any] = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    try:
        with xlsxwriter.Workbook(partial, options | {"strings_to_numbers": False}) as book:
            _fill(book, book.add_worksheet(REVIEW_SHEET), safe, title)
        partial.replace(path)
    except (OSError, xlsxwriter.exceptions.FileCreateError) as error:
        raise ConfigError(f"{path} cannot be written: {error}; close it, or choose another place") from error
    finally:
        partial.unlink(missing_ok=True)


def _fill(book: Any, sheet: Any, rows: pl.DataFrame, title: str) -> None:
    bold, heading = book.add_format({"bold": True}), book.add_format({"bold": True, "bottom": 1})
    wrapped = book.add_format({"text_wrap": True, "valign": "top"})
    free = book.add_format({"text_wrap": True, "valign": "top", "locked": False, "bg_color": "#FFF2CC"})
    sheet.write_string(0, 0, title, bold)
    sheet.write_string(1, 0, NAME_LABEL, bold)
    sheet.write_blank(1, 1, None, free)
    sheet.write_string(2, 0, f"Choose {', '.join(VERDICTS[:-1])} or {VERDICTS[-1]} in each row, save, send it back.")
    last = _TOP + rows.height
    for at, (column, width) in enumerate(_COLUMNS.items()):
        sheet.set_column(at, at, width, None, {"hidden": column == "key"})
        sheet.write_string(_TOP, at, column, heading)
        for row, cell in enumerate(rows[column], start=_TOP + 1):
            if column in _OPEN_TO_EDIT:
                sheet.write_blank(row, at, None, free)
            else:
                sheet.write_string(row, at, cell, wrapped)
    choice = {"validate": "list", "source": list(VERDICTS), "error_message": f"Choose {', '.join(VERDICTS)}."}
    sheet.data_validation(_TOP + 1, 0, last, 0, choice)
    sheet.freeze_panes(_TOP + 1, 2)
    sheet.autofilter(_TOP, 0, last, len(_COLUMNS) - 1)
    sheet.protect("", {"autofilter": True, "format_columns": True, "format_rows": True})
