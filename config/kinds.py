"""Kinds of values that several sections of the settings have."""

from __future__ import annotations

from typing import Annotated, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, Field, StringConstraints

Key = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,39}$")]
#: The name of a custom population. Names are joined by commas where people read them.
CustomName = Annotated[str, StringConstraints(max_length=40, pattern=r"^[^\s,;]+( [^\s,;]+)*$")]
PopulationName = Literal["Customers", "Open Opportunities", "Prospects", "Other"]
#: A host to talk to, without a path.
Address = Annotated[str, StringConstraints(pattern=r"^https://[^/\s]+$")]
Percent = Annotated[int, Field(ge=0, le=100)]
#: As in ISO 4217.
Currency = Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]


def _full_id(value: str) -> str:
    if len(value) == 15:
        raise ValueError(f"'{value}' is the short form of an id; write the one with 18 characters")
    return value


#: The id of a record in a CRM. Salesforce's 15-character form would never equal what its API returns.
RecordId = Annotated[str, AfterValidator(_full_id)]


def known_zone(name: str) -> str:
    """Return *name* if it is a time zone.

    Raises:
        ValueError: it is none; the message says what to write.
    """
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:  # OSError: a folder of zones, as in 'Europe'
        raise ValueError(f"'{name}' is no time zone; write one like 'Europe/Berlin' or 'UTC'") from error
    return name


#: As in the IANA's data base.
TimeZone = Annotated[str, AfterValidator(known_zone)]
