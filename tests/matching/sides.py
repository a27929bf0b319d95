"""Both sides' frames from just what a test is about: "name, website, city, country"; what is missing is not known."""

import polars as pl

from matching.engine import COLUMNS

_SAID = ("name", "website", "city", "country")


def ours(*texts: str, crm: str = "sf", **columns: list[object]) -> pl.DataFrame:
    """Our accounts, numbered O0, O1, ...; *columns* are added or replaced."""
    return _side(texts, "crm", crm, "O", columns)


def theirs(*texts: str, partner: str = "globex", **columns: list[object]) -> pl.DataFrame:
    """A partner's rows, numbered T0, T1, ..."""
    return _side(texts, "partner", partner, "T", columns)


def pair(one: str = "O0", other: str = "T0") -> pl.DataFrame:
    return pl.DataFrame({"crm": ["sf"], "ours_id": [one], "partner": ["globex"], "theirs_id": [other]})


def _side(texts: tuple[str, ...], book: str, name: str, letter: str, columns: dict[str, list[object]]) -> pl.DataFrame:
    said = [[part.strip() or None for part in text.split(",")] for text in texts]
    rows = [dict(zip(_SAID, parts, strict=False)) | {"id": f"{letter}{at}"} for at, parts in enumerate(said)]
    schema = dict.fromkeys(COLUMNS, pl.String) | {"headcount": pl.Int64}
    frame = pl.DataFrame(rows, schema=schema).select(pl.lit(name).alias(book), pl.all())
    return frame.with_columns(pl.Series(column, values) for column, values in columns.items())
