"""``[schedules.NAME]``: what is done when. ``[service]``: what `overlap serve` may take. See `overlap.schedules`."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from config.kinds import TimeZone
from overlap.schedules import parse

#: What a schedule may do.
Does = Literal["run", "pull", "digest", "alerts"]


def _known_cron(text: str) -> str:
    return parse(text).text


class ScheduleSettings(BaseModel):
    """When, as *cron* says on a clock in *zone* (the workspace's without one), and what it *does*."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    cron: Annotated[str, AfterValidator(_known_cron)]
    zone: TimeZone | None = None
    does: Does = "run"


class ServiceSettings(BaseModel):
    """What `overlap serve` does beside its schedules.

    It answers at *host* and *port*; a host that others reach must be allowed by *open_to_network*: nobody signs in
    there. A run may take *memory_mb*, and *grace_s* to end in good order. A slot that nothing good came of is told by
    ``/healthz`` when it is *late_hours* old.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65_535)] = 8787
    open_to_network: bool = False
    memory_mb: Annotated[int, Field(ge=500, le=1_000_000)] = 8_000
    grace_s: Annotated[int, Field(ge=1, le=3_600)] = 30
    late_hours: Annotated[int, Field(ge=1, le=24 * 31)] = 6

    @model_validator(mode="after")
    def _stays_here(self) -> Self:
        if self.host not in ("127.0.0.1", "::1", "localhost") and not self.open_to_network:
            raise ValueError(
                f"host = '{self.host}': others could read it, and nobody signs in there; write 127.0.0.1, "
                f"or open_to_network = true too"
            )
        return self
