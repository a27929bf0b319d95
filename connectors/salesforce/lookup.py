"""Finds given records of an org by few calls: by lists of values, or by reading all between the least and the greatest.

An answer that brings fewer records than it counts is no answer: what it left out would look as if it were not there.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote_plus, urlencode

from connectors.salesforce import soql
from connectors.salesforce.pages import pages
from connectors.salesforce.session import SalesforceSession
from overlap.errors import TransientError

#: Characters of a query in its URL. Salesforce refuses URLs of 16k and more, with a page of HTML.
_QUERY_LENGTH: Final = 14_000
#: Records that a page of a query's answer has at most.
_PAGE: Final = 2_000
#: Queries for given records from which on it is worth a call to see whether reading all between them is less.
_WORTH_A_SCAN: Final = 4
#: What a value adds to a query in its URL: its quotes and its comma take three characters each.
_AROUND: Final = 9
_KEY, _ID = 30, 18


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of one object's records whose *path* is one of some values; *deleted*: of those in the bin only."""

    object_name: str
    fields: tuple[str, ...]
    path: str
    deleted: bool = False

    def query(self, *where: soql.Condition) -> str:
        """Return the query for the records of which all of *where* holds."""
        binned = (soql.compare("IsDeleted", "=", True),) if self.deleted else ()
        return soql.select(self.object_name, self.fields, (*where, *binned))

    @property
    def room(self) -> int:
        """How many characters of a URL are left for values."""
        return _QUERY_LENGTH - len(quote_plus(self.query(soql.one_of(self.path, [""]))))

    def most_calls(self, values: int) -> int:
        """Return how many calls it takes at most to ask for *values* ids, or keys of ours, if pages are full."""
        in_a_list = self.room // ((_ID if self.path == "Id" else _KEY) + _AROUND)
        lists = -(-values // in_a_list)
        if lists < _WORTH_A_SCAN:
            return lists
        return 2 * lists if self.path == "Id" else 1 + lists


class Lookup:
    """Asks *session* for given records."""

    def __init__(self, session: SalesforceSession) -> None:
        self._session = session

    def records(self, question: Question, values: Sequence[str]) -> list[dict[str, Any]]:
        """Return the records that *question* is about, by as few calls as it takes.

        Raises:
            TransientError: an answer is no page of records, or not all of them.
        """
        lists = list(_lists(question, values))
        found: list[dict[str, Any]] = []
        if len(lists) >= _WORTH_A_SCAN and (scanned := self._scan(question, values, len(lists))) is not None:
            found = scanned
            # Texts are compared by the org's rules and ids by Salesforce's: what lay outside our range is asked for.
            missing = set(values).difference(one["Id"] for one in found) if question.path == "Id" else ()
            lists = list(_lists(question, sorted(missing)))
        for where in lists:
            for page in self._pages(question, self._first(question, where)):
                found += page
        return found

    def _scan(self, question: Question, values: Sequence[str], most: int) -> list[dict[str, Any]] | None:
        """Return the records of *values* by reading all between the least and the greatest of them.

        None if that is more than *most* calls, which the first page says.
        """
        path, wanted = question.path, set(values)
        first = self._first(question, soql.compare(path, ">=", min(values)), soql.compare(path, "<=", max(values)))
        if first["totalSize"] > most * (len(first["records"]) or 1):
            return None
        return [one for page in self._pages(question, first) for one in page if str(one[path]) in wanted]

    def _first(self, question: Question, *where: soql.Condition) -> dict[str, Any]:
        resource = "queryAll" if question.deleted else "query"
        return self._page(f"{resource}?{urlencode({'q': question.query(*where)})}")

    def _pages(self, question: Question, first: dict[str, Any]) -> Iterator[list[dict[str, Any]]]:
        counted, came = first["totalSize"], 0

        def following(address: str) -> dict[str, Any]:
            return self._page("query/" + address.rpartition("/")[2])

        for records in pages(self._session.where, question.query(), first, following):
            came += len(records)
            yield records
        if came != counted:
            raise TransientError(
                f"{self._session.where}: {counted:,} {question.object_name} records found and {came:,} handed over; "
                "try again later"
            )

    def _page(self, path: str) -> dict[str, Any]:
        found: dict[str, Any] = self._session.ask("GET", path, {"totalSize": int, "records": list})
        return found


def _lists(question: Question, values: Sequence[str]) -> Iterator[soql.Condition]:
    """Yield ``path IN (...)`` for all *values*, each short enough that its query fits into a URL."""
    room = question.room
    part: list[str] = []
    used = 0
    for value in dict.fromkeys(values):
        length = len(quote_plus(soql.literal(value) + ","))
        if part and used + length > room:
            yield soql.one_of(question.path, part)
            part, used = [], 0
        part.append(value)
        used += length
    if part:
        yield soql.one_of(question.path, part)
