"""What is different between two lists of one partner: rows by their id, and which of their columns."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl


@dataclass(frozen=True, slots=True)
class RowChange:
    """One row that *appeared*, *vanished* or *changed*; *columns* are those that did, each with before and after."""

    what: str
    id: str
    name: str
    columns: dict[str, tuple[object, object]]


def row_changes(before: pl.DataFrame, after: pl.DataFrame) -> list[RowChange]:
    """Return how *after* differs from *before*, frames of `PartnerAccount` of one partner, by id.

    A row that came under another id counts as vanished and appeared.
    """
    new = after.join(before, on="id", how="anti").sort("id")
    gone = before.join(after, on="id", how="anti").sort("id")
    columns = [name for name in after.columns if name not in ("partner", "id")]
    both = before.join(after, on="id", suffix=":after").sort("id")
    moved = both.filter(pl.any_horizontal(pl.col(name).ne_missing(pl.col(f"{name}:after")) for name in columns))
    return [
        *(RowChange("appeared", row["id"], row["name"], {}) for row in new.iter_rows(named=True)),
        *(RowChange("vanished", row["id"], row["name"], {}) for row in gone.iter_rows(named=True)),
        *(
            RowChange(
                "changed",
                row["id"],
                row["name:after"],
                {name: (row[name], row[f"{name}:after"]) for name in columns if row[name] != row[f"{name}:after"]},
            )
            for row in moved.iter_rows(named=True)
        ),
    ]
