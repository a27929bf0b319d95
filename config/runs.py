"""The section of the settings that says what is kept of runs."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field


class RunsSettings(BaseModel):
    """What a run found is kept while it is one of the last *keep*, or younger than *keep_days*.

    What a plan, an undo or a release needs is kept in any case; so is how long overlaps stood.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    keep: Annotated[int, Field(ge=2)] = 26
    keep_days: Annotated[int, Field(ge=1)] = 92
