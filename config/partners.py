"""``[partners.X]``: one partner, and how the list that it sends is read."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from config.kinds import PopulationName, RecordId
from config.sharing import ShareSettings
from config.sources import Placed
from config.terms import TermsSettings


class PartnerSettings(Placed, BaseModel):
    """One partner and the list it sends. The table's key is fixed once; *name* is only a label.

    *headings* maps our column to the partner's heading where it is not recognised by itself; *populations* maps the
    values of the partner's status column to our populations. *share* says what of ours the partner may see.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    # Names become values of multi-select picklists: stored joined by semicolons, and trimmed by the CRM.
    name: Annotated[str, StringConstraints(min_length=1, max_length=40, pattern=r"^[^;\s]+( [^;\s]+)*$")]
    population: PopulationName = "Customers"
    populations: dict[str, PopulationName] = {}
    headings: dict[str, str] = {}
    encoding: str | None = None
    sheet: str | None = None
    account: RecordId | None = None
    expected_every_days: Annotated[int, Field(ge=1, le=730)] = 35
    terms: TermsSettings = TermsSettings()
    share: ShareSettings | None = None

    def reading(self) -> dict[str, Any]:
        """Return what says how a list is read; not which file it is."""
        return self.model_dump(mode="json", include={"population", "populations", "headings", "encoding", "sheet"})
