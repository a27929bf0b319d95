"""One large query as a job of the Bulk API 2.0, its results page by page as CSV.

What was downloaded is kept beside the job's id, so that a restart goes on at the page where the last run was stopped.
Source: Salesforce, "Bulk API 2.0 and Bulk API Developer Guide", queries; results stay there for seven days.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import time
import zlib
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode

import stamina

from connectors.salesforce.download import download
from connectors.salesforce.errors import MissingError, RefusedError
from connectors.salesforce.session import SalesforceSession
from connectors.shapes import strange
from overlap.errors import AccessError, TransientError

#: Records in a page of results: 5 to 15 MB of CSV.
PAGE_ROWS: Final = 25_000
_TRIES: Final = 4
_FIRST_WAIT_S: Final = 0.05
_LONGEST_WAIT_S: Final = 20.0
_PATIENCE_S: Final = 4 * 3600.0
_STATE_FILE: Final = "job.json"
_INFO: Final = {"state": str, "numberRecordsProcessed?": int, "errorMessage?": str}
#: zlib's word for a gzip header, and how many times smaller than its CSV a page is about.
_GZIP: Final = 31
_TIMES: Final = 8


@dataclass(frozen=True, slots=True)
class KeptPage:
    """A page on disk: file name, sha256 of its bytes, records in it, and the locator of the page after it.

    A name that ends in ``.gz`` says that it is packed.
    """

    name: str
    sha256: str
    rows: int
    next: str | None


@dataclass(frozen=True, slots=True)
class Job:
    """A query that was handed over. *until* and *expected* are the caller's: its window, and the rows it counted."""

    id: str
    query: str
    until: str
    expected: int
    pages: tuple[KeptPage, ...] = ()

    @property
    def is_complete(self) -> bool:
        """Every page was downloaded."""
        return bool(self.pages) and self.pages[-1].next is None


@dataclass(frozen=True, slots=True)
class Page:
    """Results as CSV with headings, as they came over the wire; *rows* is what Salesforce says is in it."""

    content: bytes
    rows: int
    packed: bool = False

    def body(self) -> bytes:
        """Return the CSV.

        Raises:
            zlib.error: it is cut off, or not what was packed.
        """
        return zlib.decompress(self.content, _GZIP, len(self.content) * _TIMES) if self.packed else self.content


@dataclass(frozen=True, slots=True)
class Kept:
    """What is kept of one job in *folder*; the pages are what was downloaded, byte by byte."""

    folder: Path

    def job(self) -> Job | None:
        """Return the job with the pages that are whole, None if there is none."""
        try:
            said = json.loads((self.folder / _STATE_FILE).read_text(encoding="utf-8"))
            pages = [KeptPage(**page) for page in said.pop("pages")]
            job = Job(**said)
        except (OSError, ValueError, TypeError, KeyError):
            return None
        whole = []
        for page in pages:
            if not self._is_whole(page):
                break
            whole.append(page)
        return replace(job, pages=tuple(whole))

    def start(self, job: Job) -> None:
        """Begin anew with *job*."""
        self.drop()
        self.folder.mkdir(parents=True)
        self._save(job)

    def add(self, job: Job, page: Page, following: str | None) -> Job:
        """Keep *page*, which *following* comes after, and return *job* with it."""
        name = f"{len(job.pages) + 1:05d}.csv{'.gz' if page.packed else ''}"
        (self.folder / name).write_bytes(page.content)
        kept = KeptPage(name, hashlib.sha256(page.content).hexdigest(), page.rows, following)
        job = replace(job, pages=(*job.pages, kept))
        self._save(job)
        return job

    def read(self, page: KeptPage) -> Page:
        """Return a page that was kept."""
        return Page((self.folder / page.name).read_bytes(), page.rows, page.name.endswith(".gz"))

    def drop(self) -> None:
        """Forget the job and its pages."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _is_whole(self, page: KeptPage) -> bool:
        path = self.folder / page.name
        return path.is_file() and hashlib.sha256(path.read_bytes()).hexdigest() == page.sha256

    def _save(self, job: Job) -> None:
        draft = self.folder / f"{_STATE_FILE}.new"
        draft.write_text(json.dumps(asdict(job)), encoding="utf-8")
        draft.replace(self.folder / _STATE_FILE)


@dataclass(slots=True)
class BulkQuery:
    """Runs one query. Without *kept*, nothing is kept and nothing can be gone on with."""

    session: SalesforceSession
    kept: Kept | None = None
    page_rows: int = PAGE_ROWS
    _job: Job | None = field(default=None, init=False)

    def start(self, query: str, until: str = "", expected: int = 0) -> None:
        """Hand *query* over.

        Raises:
            AccessError: Salesforce refuses it.
        """
        body = {"operation": "query", "query": query, "contentType": "CSV", "lineEnding": "LF"}
        reply = self.session.ask("POST", "jobs/query", {"id": str}, json.dumps(body).encode())
        self._job = Job(str(reply["id"]), query, until, expected)
        if self.kept is not None:
            self.kept.start(self._job)

    def resume(self, job: Job) -> bool:
        """Go on with *job*, which was kept; False if Salesforce does not have it any more, or it failed."""
        if not job.is_complete:
            try:
                state = self._info(job)["state"]
            except (MissingError, RefusedError):  # it is gone, or of another API version
                return False
            if state in ("Failed", "Aborted"):
                return False
        self._job = job
        return True

    def pages(self) -> Iterator[Page]:
        """Yield the results: kept pages first, then what is still to be downloaded.

        Raises:
            AccessError: the job failed or was aborted; the message is Salesforce's.
            TransientError: results cannot be had now; another start goes on from here.
        """
        job = self._job
        assert job is not None, "start or resume comes first"
        for old in job.pages:
            assert self.kept is not None
            yield self.kept.read(old)
        if job.is_complete:
            return
        processed = self._wait(job)
        rows = [page.rows for page in job.pages]
        following = job.pages[-1].next if job.pages else None
        while True:
            page, following = self._page(job, following)
            if self.kept is not None:
                job = self.kept.add(job, page, following)
            rows.append(page.rows)
            yield page
            if following is None:
                break
        if processed is not None and sum(rows) != processed:
            self.drop()
            raise TransientError(
                f"{self.session.where}: bulk job {job.id} found {processed:,} records and handed over {sum(rows):,}; "
                "run 'overlap pull' again"
            )

    def drop(self) -> None:
        """Forget what was kept: it is not to be trusted."""
        if self.kept is not None:
            self.kept.drop()

    def _wait(self, job: Job) -> int | None:
        """Wait until *job* is complete and return how many records it found, None if Salesforce does not say."""
        wait_s, waited_s = _FIRST_WAIT_S, 0.0
        while True:
            info = self._info_patiently(job)
            if info["state"] == "JobComplete":
                found = info.get("numberRecordsProcessed")
                return None if found is None else int(found)
            if info["state"] in ("Failed", "Aborted"):
                self.drop()
                said = info.get("errorMessage") or f"the job was {info['state'].lower()}"
                raise AccessError(f"{self.session.where}: bulk job {job.id}: {said}; 'overlap pull' starts a new one")
            if waited_s >= _PATIENCE_S:
                hours = f"{_PATIENCE_S / 3600:.0f}"
                raise TransientError(
                    f"{self.session.where}: bulk job {job.id} is not done after {hours} hours; it goes on there, "
                    "and a later 'overlap pull' takes its results"
                )
            time.sleep(wait_s)
            waited_s, wait_s = waited_s + wait_s, min(wait_s * 2, _LONGEST_WAIT_S)

    def _info(self, job: Job) -> dict[str, Any]:
        found: dict[str, Any] = self.session.ask("GET", f"jobs/query/{job.id}", _INFO)
        return found

    @stamina.retry(on=TransientError, attempts=_TRIES, timeout=None)
    def _info_patiently(self, job: Job) -> dict[str, Any]:
        return self._info(job)

    @stamina.retry(on=TransientError, attempts=_TRIES, timeout=None)
    def _page(self, job: Job, locator: str | None) -> tuple[Page, str | None]:
        """Return a page and the locator of the next one, None after the last."""
        asked = {"maxRecords": str(self.page_rows)} | ({"locator": locator} if locator else {})
        try:
            reply = download(self.session, f"jobs/query/{job.id}/results?{urlencode(asked)}")
        except (MissingError, RefusedError) as error:
            self.drop()
            raise AccessError(
                f"{self.session.where}: the results of bulk job {job.id} are gone; 'overlap pull' starts a new one"
            ) from error
        told = reply.headers.get("Sforce-NumberOfRecords", "")
        if not told.isdigit():
            raise TransientError(f"{self.session.where}: bulk job {job.id}: the answer is no page of results")
        following = reply.headers.get("Sforce-Locator", "null")
        if following == locator:
            raise strange(self.session.where, "a page of results after which the same page comes")
        page = Page(reply.content, int(told), reply.packed)
        return page, None if following in ("null", "") else following
