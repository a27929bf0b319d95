"""What tests of erasure share: a partner whose every cell is a canary, and a search that opens every kind of file."""

from __future__ import annotations

import gzip
import json
import sqlite3
import zipfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import xlsxwriter  # type: ignore[import-untyped]  # ships no py.typed

from connectors.sandbox.store import Store
from jobs.context import Context
from jobs.partners import arrivals
from jobs.stores import messages, questions, releases
from jobs.stores.messages import State
from jobs.stores.questions import Question
from jobs.telling.content import Content
from tests.jobs.world import COMPANIES, FLAT, LISTED, OURS, World

KEY, NAME = "zyglofex", "Zyglofex Group"
#: Each stands in one kind of place only; none is a word of anybody else's.
CANARIES = (
    *(KEY, NAME, "ZYID-", "qqwebsite", "Qqstreet", "Qqcity", "Qqindustry", "+49 30 7654321", "Qqclaim", "Qqodd"),
    *("Qqowner", "qqmail", "Qqbadstatus", "Qqunknown", "Qqsecond"),
)
_HEADINGS = (
    *(
        "Account ID",
        "Account Name",
        "Website",
        "Phone",
        "Street",
        "City",
        "Country",
        "Industry",
        "Status",
        "Owner Name",
    ),
    *("Owner Email", "Partner Influence", "Influence Date", "Qqodd heading"),
)


def settings_of(partner_files: str) -> str:
    return f'\n[partners.{KEY}]\nname = "{NAME}"\nfiles = "{partner_files}"\nexpected_every_days = 35\n'


def listed_again(world: World) -> None:
    """The partner's table stands in the settings again."""
    path = world.folder / "overlap.toml"
    path.write_text(path.read_text() + settings_of(f"inbox/{KEY}*"))


def share(context: Context) -> None:
    """Let something have gone out to the partner, and more lie ready; and a file of it have been fetched."""
    rows = [releases.row_text({"name": NAME, "theirs": "Qqowner"})]
    facts = ("0", "{}", len(rows), "0" * 64, "0" * 64, "csv", f"{KEY}.csv")
    releases.record(context.ledger, releases.Release(0, KEY, 1, context.now, "ada", *facts), rows)
    folder = context.workspace.folder
    asked = dict.fromkeys(("ours_domain", "ours_country", "theirs_country"), None) | {"theirs_domain": "qqwebsite.com"}
    ids = {
        "crm": "salesforce",
        "ours_id": "001A",
        "ours_name": "acme",
        "theirs_id": "ZYID-1",
        "theirs_name": "Qqsecond",
    }
    questions.ask(context.ledger, [Question(key="", partner=KEY, asked_at=context.now, **ids, **asked)])
    reviewed = folder / "inbox" / "reviewed" / KEY
    fetched = arrivals.fetched(folder, KEY)
    for place in (context.workspace.shares / KEY, context.workspace.shared / KEY, fetched, reviewed):
        place.mkdir(parents=True)
        (place / "1-0.csv").write_text(NAME)
    tell(context, "uma@contoso.example")


def tell(context: Context, reader: str) -> None:
    """Let people have been told of the partner, a message wait for them, and an alert stand."""
    for about, state in (("run 1", State.DONE), ("run 2", State.PENDING)):
        content, told = Content(f"{NAME}: Qqowner"), {"key": (KEY, "Prospects x Customers")}
        draft = messages.Draft("digest", "mail", reader, about, f"News of {NAME}", content, reader, told)
        messages.enqueue(context.ledger, draft, context.now)
        newest = messages.last(context.ledger, 1)[0]
        messages.settle(context.ledger, newest.id, state, context.now, f"'{reader}' of {NAME} was refused")
    turn = messages.Turn({f"list late:{KEY}": KEY}, (), ())
    messages.note_alerts(context.ledger, turn, (), context.now)
    brief = context.workspace.briefs / KEY
    brief.mkdir(parents=True, exist_ok=True)
    (brief / "brief.html").write_text(NAME)


def rows(second: bool = False) -> list[tuple[Any, ...]]:
    """Rows on six of our companies, on one that nobody has, and a bad one for the quarantine."""
    found = [_row(number, *COMPANIES[number][:1], COMPANIES[number][2]) for number in LISTED]
    found.append(_row(97, "Qqunknown Werke" if not second else "Qqsecond Werke", "Germany"))
    found.append(_row(98, "Qqunknown Bad", "Germany", status="Qqbadstatus"))
    return found


def _row(number: int, name: str, country: str, status: str = "Customer") -> tuple[Any, ...]:
    site = COMPANIES[number][1] if number < len(COMPANIES) else f"qqwebsite{number}.example"
    person = (f"Qqowner {number}", f"qqmail{number}@partner.example")
    place = (f"Qqstreet {number}", "Qqcity", country, "Qqindustry")
    claim = (f"Qqclaim {number}", "")  # without a date: recent
    return (f"ZYID-{number}", name, site, "+49 30 7654321", *place, status, *person, *claim, f"Qqodd {number}")


def send_csv(world: World, encoding: str = "utf-8") -> None:
    lines = [_HEADINGS, *rows()]
    text = "\n".join(";".join(f'"{cell}"' for cell in line) for line in lines)
    path = world.folder / "inbox" / f"{KEY}-{world.now:%Y-%m-%d}.csv"
    path.write_bytes(text.encode(encoding))


def send_workbook(world: World) -> None:
    book = xlsxwriter.Workbook(str(world.folder / "inbox" / f"{KEY}-{world.now:%Y-%m-%d}.xlsx"))
    sheet = book.add_worksheet("Accounts")
    for at, line in enumerate([_HEADINGS, *rows(second=True)]):
        sheet.write_row(at, 0, line)
    book.close()


def places_of(folder: Path, words: tuple[str, ...]) -> dict[str, set[str]]:
    """Return in which files of *folder* each of *words* stands, whatever the file is packed or encoded with."""
    found: dict[str, set[str]] = {word: set() for word in words}
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        place = str(path.relative_to(folder))
        for word in words:
            if word.lower() in place.lower():
                found[word].add(f"name of {place}")
        for content in _contents(path):
            low = content.lower()
            for word in words:
                if any(word.lower().encode(form) in low for form in ("utf-8", "utf-16-le", "utf-16-be")):
                    found[word].add(place)
    return {word: where for word, where in found.items() if where}


def _contents(path: Path) -> Iterator[bytes]:
    data = path.read_bytes()
    yield data
    if path.suffix == ".parquet":
        yield pl.read_parquet(path).with_columns(pl.all().cast(pl.String, strict=False)).write_csv().encode()
    elif data[:2] == b"PK":
        with zipfile.ZipFile(path) as archive:
            yield from (archive.read(name) for name in archive.namelist())
    elif data[:2] == b"\x1f\x8b":
        yield gzip.decompress(data)
    elif path.suffix == ".duckdb":
        with duckdb.connect(str(path), read_only=True) as connection:
            tables = connection.execute("select schema_name, table_name from duckdb_tables()").fetchall()
            for schema, table in tables:
                asked = connection.execute(f'select columns(*)::varchar from "{schema}"."{table}"')
                yield repr(asked.fetchall()).encode()
    elif path.suffix == ".sqlite":
        with closing(sqlite3.connect(path)) as connection:
            yield "\n".join(connection.iterdump()).encode()


def said_by_the_crm(store: Store, words: tuple[str, ...]) -> set[str]:
    """Return which of *words* stand in a record of ours, or in an account or a deal, as the org has them now."""
    now = json.dumps([store.records(name) for name in (*OURS, *FLAT)], default=str, ensure_ascii=False).lower()
    return {word for word in words if word.lower() in now}
