"""Lists in Google Sheets: exported as a workbook, or one sheet by its number as CSV, and read as any other file."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, Final

import requests

from config.sources import SourceSettings, sheet_of
from connectors.files.remote import Place, RemoteFile, Secret, missing, refused
from overlap.errors import ConfigError, TransientError

_GOOGLE: Final = "https://docs.google.com"
_MAY: Final = ("https://www.googleapis.com/auth/drive.readonly",)
_CHUNK: Final = 1_000_000


@contextmanager
def opened(files: str, source: SourceSettings, secret: Secret) -> Iterator[Place]:
    """Yield the spreadsheet of *files* as a place with one file."""
    try:
        from google.auth.exceptions import GoogleAuthError, TransportError
        from google.auth.transport.requests import AuthorizedSession, Request
        from google.oauth2.service_account import Credentials
    except ImportError as error:
        raise missing("google-auth", "sheets", "files = 'gsheet:...'") from error
    try:
        key = json.loads(secret(source.service_account or ""))
        credentials = Credentials.from_service_account_info(key, scopes=_MAY)
    except (ValueError, TypeError, AttributeError) as error:
        raise ConfigError(
            "[partners.X.source] service_account is not the JSON key of a Google service account"
        ) from error
    signing_in = requests.Session()
    signing_in.verify = str(source.ca_file) if source.ca_file else True
    request = Request(signing_in)
    session = AuthorizedSession(credentials, auth_request=request)
    session.verify = signing_in.verify
    try:
        yield _Spreadsheet(session, files, source, str(key.get("client_email")))
    except (TransportError, requests.RequestException) as error:
        raise TransientError(f"{files}: {type(error).__name__}") from error
    except GoogleAuthError as error:
        why = f"Google does not let the service account in: {error.args[0] if error.args else error}"
        raise refused(files, why, "make a new key of it") from error
    finally:
        session.close()
        signing_in.close()


class _Spreadsheet:
    """Google says neither size nor time of an export: it speaks of the moment at which it is made."""

    def __init__(self, session: Any, files: str, source: SourceSettings, reader: str) -> None:
        self._session = session
        self._files = files
        self._source = source
        self._reader = reader

    def listing(self) -> list[RemoteFile]:
        number, _, sheet = sheet_of(self._files)
        wanted = "format=xlsx" if sheet is None else f"format=csv&gid={sheet}"
        name = f"sheet {number[:24]}.{'xlsx' if sheet is None else 'csv'}"
        return [RemoteFile(name, f"/spreadsheets/d/{number}/export?{wanted}", datetime.now(UTC))]

    def read(self, file: RemoteFile) -> Iterator[bytes]:
        address = (self._source.endpoint or _GOOGLE) + file.place
        with self._session.get(address, stream=True, timeout=self._source.timeout_s) as answer:
            if answer.status_code in (401, 403, 404):
                remedy = f"share it with {self._reader}, as a viewer, and check its id"
                raise refused(self._files, f"Google answers {answer.status_code}", remedy)
            if answer.status_code != 200:
                raise TransientError(f"{self._files}: Google answers {answer.status_code}")
            yield from answer.iter_content(_CHUNK)
