"""Where a partner's account stands with the partner: by its status, its sheet, the file's name, or the settings.

The one thing to know: a status that nobody knows is no population, and never the default: its row goes to quarantine.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

import polars as pl

from connectors.files import values
from connectors.files.quarantine import SHEET_OF_ROW
from connectors.files.reading import Reading
from overlap.model import OPEN_OPPORTUNITIES, PROSPECTS

if TYPE_CHECKING:
    from config.partners import PartnerSettings

#: The column with the tick for an open opportunity, in lists that have one.
OPEN_DEAL: Final = "#open_deal"
#: What tools write for a tick.
_TICKS: Final = ("yes", "y", "true", "1", "x", "✓", "✔", "open", "ja", "oui", "sí")


def default_population(partner: str, settings: PartnerSettings, file_name: str) -> tuple[str, tuple[str, ...]]:
    """Return the population of rows of which neither status nor sheet says one, and a note where the file's name does.

    A partner may be called Customer Labs: its own names say nothing.
    """
    named = values.named_population(Path(file_name).stem, (partner, settings.name))
    if named is None or named == settings.population:
        return settings.population, ()
    return named, (f"rows without a status are {named}, by the file's name",)


def with_population(rows: pl.DataFrame, settings: PartnerSettings, reading: Reading, default: str) -> pl.DataFrame:
    """Add ``#population``: what the status means; where it is empty what the sheet says, or *default*; else None."""
    statuses = rows["population"].drop_nulls().unique().to_list()
    empty = [one for one in statuses if values.literal_parts(one) == ()]  # a list of no populations
    if empty:
        said = pl.col("population")
        rows = rows.with_columns(pl.when(~said.is_in(empty)).then(said).alias("population"))
    meaning = {one: values.strongest(one, settings.populations, reading.names_populations) for one in statuses}
    known = pl.col("population").replace_strict(meaning, default=None, return_dtype=pl.String)
    stated = known if meaning else pl.lit(None, pl.String)
    unsaid = pl.lit(default)
    if SHEET_OF_ROW in rows.columns:
        by_sheet = {name: values.named_population(name) or default for name in rows[SHEET_OF_ROW].unique()}
        unsaid = pl.col(SHEET_OF_ROW).replace_strict(by_sheet, return_dtype=pl.String)
    rows = rows.with_columns(
        pl.coalesce(pl.when(pl.col("population").is_null()).then(unsaid), stated).alias("#population")
    )
    if OPEN_DEAL not in rows.columns:
        return rows
    is_open = pl.col(OPEN_DEAL).str.to_lowercase().is_in(_TICKS) & (pl.col("#population") == PROSPECTS)
    return rows.with_columns(
        pl.when(is_open).then(pl.lit(OPEN_OPPORTUNITIES)).otherwise("#population").alias("#population")
    )
