"""Read the countries of some rows of a book as among all of its rows.

In a book that writes "NY" and "TX" into its countries, "CA" is California and not Canada (see `places.add_places`). So
what one row says may hang on the others: rows that are read apart need company, and when others tip a book's habit,
rows that did not change must be read anew. Most books write no state there; for these nothing is done.
"""

from __future__ import annotations

import polars as pl

from matching.normalize import places

_COUNTED = {"book": pl.String, "country": pl.String, "rows": pl.Int64}
_OTHERS = ("state", "city", "postcode", "street")


def with_states(counted: pl.DataFrame) -> pl.DataFrame:
    """Return the rows of *counted* (``book``, ``country``, ``rows``) of books that write states into their countries.

    A value that is a state whatever stands beside it gives its book away.
    """
    if counted.is_empty():
        return pl.DataFrame(schema=_COUNTED)
    values = counted.select("country", book="country").unique()
    surely = _read(values).drop_nulls("state").select("book")
    books = counted.join(surely, left_on="country", right_on="book", how="semi").select("book").unique()
    return counted.join(books, on="book", how="semi").select(pl.col(name).cast(kind) for name, kind in _COUNTED.items())


def readings(counted: pl.DataFrame) -> pl.DataFrame:
    """Return ``book``, ``country``, ``reads``: what each value of *counted* is read as among all of its book."""
    if counted.is_empty():
        return pl.DataFrame(schema={"book": pl.String, "country": pl.String, "reads": pl.String})
    read = _read(_repeated(counted))
    reads = pl.concat_str(pl.col("read").fill_null("?"), pl.col("state").fill_null("?"), separator=" ")
    return read.select("book", "country", reads=reads).unique()


def company(counted: pl.DataFrame, rows: pl.DataFrame) -> pl.DataFrame:
    """Return ``book``, ``country`` of the rows of *counted* books that are not among *rows*, once for each such row."""
    here = rows.drop_nulls("country").group_by("book", "country").agg(here=pl.len())
    absent = counted.join(here, on=["book", "country"], how="left")
    return _repeated(absent.with_columns(pl.col("rows") - pl.col("here").fill_null(0)))


def _repeated(counted: pl.DataFrame) -> pl.DataFrame:
    return counted.select(pl.col("book", "country").repeat_by("rows")).explode("book", "country").drop_nulls()


def _read(rows: pl.DataFrame) -> pl.DataFrame:
    """Return *rows* (``book``, ``country``) with the country that is ``read`` and the ``state``."""
    alone = rows.select("book", "country", **dict.fromkeys(_OTHERS, pl.lit(None, pl.String)))
    return rows.select("book", "country").with_columns(places.add_places(alone).select("state", read="country"))
