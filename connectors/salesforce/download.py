"""Fetches large answers as they travel, compressed, one step ahead of who works on them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from typing import Final, TypeVar

import urllib3.exceptions

from connectors.salesforce.session import SalesforceSession
from overlap.errors import TransientError

_T = TypeVar("_T")
_END: Final = object()


@dataclass(frozen=True, slots=True)
class Download:
    """The body of an answer; *packed* with gzip, as it came over the wire, or plain."""

    content: bytes
    packed: bool
    headers: Mapping[str, str]


def download(session: SalesforceSession, path: str) -> Download:
    """Fetch *path*, below ``/services/data/vNN.0/``.

    Raises:
        TransientError: the answer is lost or cut off, or says to come again.
        AccessError: Salesforce refuses.
    """
    try:
        with closing(session.send("GET", path, stream=True)) as reply:
            packed = reply.headers.get("Content-Encoding") == "gzip"
            content: bytes = reply.raw.read(decode_content=not packed)
            return Download(content, packed, reply.headers)
    except urllib3.exceptions.HTTPError as error:
        said = f"the connection failed ({type(error).__name__})"
        raise TransientError(f"{session.where}: {said}; try again later") from error


def ahead(items: Iterator[_T]) -> Iterator[_T]:
    """Yield *items*, each made in a thread while the caller works on the one before; raises what that raises."""
    with ThreadPoolExecutor(1) as thread:
        coming = thread.submit(next, items, _END)
        while (item := coming.result()) is not _END:
            coming = thread.submit(next, items, _END)
            yield item  # type: ignore[misc]
