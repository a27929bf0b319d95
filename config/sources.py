"""Where a partner's lists are: ``files``, and ``[partners.X.source]`` for how to get there from this machine."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Final, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from config.secrets import SecretReference

S3: Final = "s3"
SFTP: Final = "sftp"
SHEET: Final = "gsheet"
_SHEET_URL: Final = "https://docs.google.com/spreadsheets/d/"
_LOOPBACK: Final = ("127.0.0.1", "localhost", "::1")


def _safe_address(address: str) -> str:
    parts = urlsplit(address)
    if not parts.hostname or (parts.scheme != "https" and parts.hostname not in _LOOPBACK):
        raise ValueError(f"'{address}' is no address that secrets may be sent to; write one like 'https://s3.acme.com'")
    return address.rstrip("/")


class SourceSettings(BaseModel):
    """How to reach the place of ``files``. Secrets by reference.

    S3: *access_key* and *secret_key* (without them, what the AWS tools of this machine know), *region*, and *endpoint*
    for another maker's. SFTP: *username*, *password* or *private_key*, and *host_key*, the server's line of
    ``ssh-keyscan``. Google Sheets: *service_account*, the JSON key of an account that may read the sheet.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    access_key: SecretReference | None = None
    secret_key: SecretReference | None = None
    region: str | None = None
    username: str | None = None
    password: SecretReference | None = None
    private_key: SecretReference | None = None
    host_key: str | None = None
    service_account: SecretReference | None = None
    endpoint: Annotated[str, AfterValidator(_safe_address)] | None = None
    ca_file: Path | None = None
    timeout_s: Annotated[int, Field(ge=1, le=3600)] = 60
    most_mb: Annotated[int, Field(ge=1, le=10_000)] = 2000


def kind(files: str) -> str | None:
    """Return what kind of place *files* names; None for this machine.

    Raises:
        ValueError: a kind that nobody knows.
    """
    if files.startswith((_SHEET_URL, f"{SHEET}:")):
        return SHEET
    scheme, found, _ = files.partition("://")
    if not found:
        return None
    if scheme not in (S3, SFTP):
        raise ValueError(
            f"files = '{files}': write a pattern of this workspace (inbox/acme*), s3://BUCKET/PREFIX*, "
            f"sftp://HOST/FOLDER/NAME* or gsheet:ID#SHEET"
        )
    return scheme


def sheet_of(files: str) -> tuple[str, str | None, str | None]:
    """Return the id of the Google spreadsheet that *files* names, and the sheet's name or its number (gid), if any."""
    rest = files.removeprefix(f"{SHEET}:").removeprefix(_SHEET_URL)
    place, _, part = rest.partition("#")
    number = part.removeprefix("gid=") if part.startswith("gid=") else None
    name = part if part and number is None else None
    return place.partition("/")[0], name, number


class Placed(BaseModel):
    """What has lists somewhere: *files* says where, *source* how to get there."""

    files: str
    source: SourceSettings = SourceSettings()

    @model_validator(mode="before")
    @classmethod
    def _sheet_of_address(cls, table: Any) -> Any:
        """Take the sheet's name from ``files = "gsheet:ID#NAME"``."""
        if isinstance(table, dict) and str(table.get("files")).startswith(f"{SHEET}:"):
            return {"sheet": sheet_of(table["files"])[1]} | table
        return table

    @model_validator(mode="after")
    def _can_be_reached(self) -> Self:
        require_complete(self.files, self.source)
        return self


def require_complete(files: str, source: SourceSettings) -> None:
    """Make sure that *source* says what the place of *files* needs.

    Raises:
        ValueError: it does not; the message names what is missing.
    """
    place = kind(files)
    if place == S3 and (source.access_key is None) != (source.secret_key is None):
        raise ValueError("[source] access_key and secret_key belong together: add the other one, or leave both out")
    if place == SFTP and (source.username is None or (source.password or source.private_key) is None):
        raise ValueError("[source] needs username, and password or private_key (by reference), for sftp://")
    if place == SFTP and source.host_key is None:
        raise ValueError(
            "[source] host_key is missing: without it anybody could pass for the server; "
            "write what 'ssh-keyscan HOST' prints, from the key's type on, after the partner has confirmed it"
        )
    if place == SHEET and source.service_account is None:
        raise ValueError("[source] service_account is missing: name where the JSON key of a Google service account is")
