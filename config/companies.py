"""The section of the settings on companies that several CRMs of ours have."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

from config.kinds import Key


class CompanySettings(BaseModel):
    """One company in several CRMs. *population_from* is the CRM that speaks for it, by default the first one.

    *same_deal* is the name of a mapped field of opportunities that holds the id of the same deal in another CRM.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    population_from: Key | None = None
    same_deal: str | None = None
