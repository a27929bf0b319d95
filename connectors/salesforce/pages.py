"""The pages of a query's answer, each held against what was asked: what a page leaves out would look as if it were not.

Salesforce gives every field that was selected, an empty one as null.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

from connectors.shapes import shaped, strange

_PAGE: Final = {"done": bool, "nextRecordsUrl?": str, "totalSize?": int}

Record = dict[str, Any]


def pages(where: str, query: str, page: Any, following: Callable[[str], Any]) -> Iterator[list[Record]]:
    """Yield the records of *query*, page after page from *page* on; *following* gets the page at an address.

    Raises:
        TransientError: an answer is no page of what was selected, brings too much, or says that more is to come and
            brings nothing.
    """
    paths = [path.split(".") for path in query.removeprefix("SELECT ").partition(" FROM ")[0].split(", ")]
    shape = {**_PAGE, "records": [{"Id": str} if ["Id"] in paths else dict]}
    counted, came = None, 0
    while True:
        records: list[Record] = shaped(where, page, shape)["records"]
        if any(_lacks(record, paths) for record in records):
            raise strange(where, "records without a field that was selected")
        counted = page.get("totalSize") if counted is None else counted
        came += len(records)
        if counted is not None and came > counted:
            raise strange(where, f"more records than the {counted:,} that were counted")
        yield records
        if page["done"]:
            return
        address = page.get("nextRecordsUrl")
        if not records or address is None:
            raise strange(where, "a page that is not the last, and after which nothing comes")
        page = following(address)


def value(record: Mapping[str, Any], path: str) -> Any:
    """Return what *record* says at *path*, None where a parent on the way is null."""
    found: Any = record
    for step in path.split("."):
        found = None if found is None else found[step]
    return found


def _lacks(record: Mapping[str, Any], paths: Sequence[Sequence[str]]) -> bool:
    for path in paths:
        found: Any = record
        for step in path:
            if not isinstance(found, dict) or step not in found:
                return True
            found = found[step]
            if found is None:
                break
    return False
