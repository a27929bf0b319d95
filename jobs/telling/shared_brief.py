"""The brief that a partner gets, as XLSX or HTML, made of its share alone: this module knows no other source.

What it is compared with is a release that the partner has had, as a share too. Of what is in it no more, only the
partner's own columns are repeated: what of ours is not shared now is not shown again.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import polars as pl

from jobs.stores import shares
from jobs.telling import workbook
from jobs.telling.pages import Pages
from jobs.telling.workbook import Sheet

KINDS: Final = ("xlsx", "html")
_THEIRS: Final = ("their_id", "their_name", "their_population")


@dataclass(frozen=True, slots=True)
class Cover:
    """What the first page says: the names of the partner and of *company*, ours; the days of run and release."""

    name: str
    company: str
    day: str
    since: str | None


def export(cover: Cover, before: Path | None, templates: Path, share: Path, file: Path, kind: str) -> None:
    """Write the brief of *share*, compared with *before*, to *file* as *kind*; it is on the disk when this returns."""
    rows = shares.read(share)
    new, changed, gone = _compared(rows, None if before is None else shares.read(before))
    tables = {"shared": rows, "new": new, "changed": changed, "gone": gone}
    if kind == "xlsx":
        notes = [f"For {cover.name}", f"From {cover.company}, {cover.day}", *_since(cover)]
        sheets = [Sheet("Shared", rows, notes)]
        workbook.write(
            file, [*sheets, *(Sheet(name.capitalize(), tables[name]) for name in ("new", "changed", "gone"))]
        )
    else:
        facts: dict[str, Any] = {
            name: {"columns": [column.replace("_", " ") for column in one.columns], "rows": one.rows()}
            for name, one in tables.items()
        }
        facts |= {"name": cover.name, "company": cover.company, "day": cover.day, "since": cover.since}
        file.write_text(Pages(templates).page("shared_brief.html", facts), encoding="utf-8")
    shares.sync(file)


def _since(cover: Cover) -> list[str]:
    return [f"Compared with what you got on {cover.since}"] if cover.since else []


def _compared(rows: pl.DataFrame, before: pl.DataFrame | None) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """Return the rows that are new and changed, and of those that are gone what the partner itself had said."""
    theirs = [name for name in _THEIRS if name in rows.columns]
    if before is None or before.is_empty():
        return rows.clear(), rows.clear(), rows.clear().select(theirs)
    before = before.with_columns(pl.col([name for name in theirs if name in before.columns]).cast(pl.String))
    common = [name for name in rows.columns if name in before.columns]
    plain = before.select(pl.col(common).cast(pl.String)).unique()
    known = rows.with_columns(pl.col(common).cast(pl.String))
    unlike = known.with_row_index("at").join(plain, on=common, how="anti", nulls_equal=True)["at"]
    other = rows[unlike.sort().to_list()]
    had = pl.col("their_id").is_in(before["their_id"].drop_nulls().to_list()).fill_null(value=False)
    left = before.filter(pl.col("their_id").is_not_null()).join(rows, on="their_id", how="anti")
    return other.filter(~had), other.filter(had), left.select(theirs).unique().sort(pl.all(), nulls_last=True)
