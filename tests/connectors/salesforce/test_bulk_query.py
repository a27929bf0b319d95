"""Large reads. The oracle is what the small ones bring, and the org's log of requests."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.base import Page
from connectors.salesforce import bulk_query, cells
from connectors.sandbox import bulk_query as sandbox_jobs
from overlap.errors import AccessError, TransientError
from tests.connectors.contract import read, rows
from tests.connectors.salesforce.bench import SalesforceBench, connected
from tests.connectors.salesforce.scripted import describe, opened, scripted
from tests.sandbox import Sandbox

STAMP = "2026-11-21T10:00:00.000+0000"
COUNT = 2100
PAGE_ROWS = 500
NASTY = ['a "quoted", one', "two\nlines\r\nthree", "Ünïcode ¥ 株式会社", "#N/A", "null", "=1+1", "tab\there"]


@pytest.fixture(autouse=True)
def _small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk_query.BulkQuery.__init__, "__defaults__", (None, PAGE_ROWS))


@pytest.fixture
def org(salesforce: Sandbox, tmp_path: Path) -> Iterator[SalesforceBench]:
    accounts = [{"Name": NASTY[n % len(NASTY)], "NumberOfEmployees": n, "SystemModstamp": STAMP} for n in range(COUNT)]
    salesforce.store.seed("Account", accounts)
    with connected(salesforce, folder=tmp_path, bulk_read_from=2000) as connection:
        yield SalesforceBench(connection, salesforce.store)


def calls(org: SalesforceBench, path: str, method: str = "GET") -> list[str]:
    return [r.query for r in org.store.requests() if r.method == method and path in r.path]


def once(pages: list[Page], stream: str = "accounts") -> pl.DataFrame:
    """The landed state: the last row of each id."""
    return rows(pages, stream).unique("id", keep="last").sort("id")


def test_a_bulk_read_brings_exactly_what_pages_bring(org: SalesforceBench, salesforce: Sandbox, tmp_path: Path) -> None:
    bulk = read(org)
    assert len(calls(org, "jobs/query", "POST")) == 1, "accounts are many, the rest is few"
    with connected(salesforce, folder=tmp_path) as small:
        paged = list(small.source.pages(None, small.source.now()))
    for stream in ("accounts", "record:account"):
        assert once(bulk, stream).equals(once(paged, stream))
        assert rows(bulk, stream).height == COUNT
    assert (
        once(bulk)["name"]
        .value_counts()
        .sort("name")
        .equals(
            pl.DataFrame({"name": [NASTY[n % len(NASTY)] for n in range(COUNT)]})["name"].value_counts().sort("name")
        )
    )


def test_ids_of_a_large_object_come_in_bulk_too(org: SalesforceBench) -> None:
    ids = dict(org.connection.source.ids())["accounts"]
    assert (ids.len(), ids.n_unique()) == (COUNT, COUNT)
    assert len(calls(org, "jobs/query", "POST")) == 1


@pytest.mark.parametrize("stops_after", [1, 2, 3, 4, 5])
def test_a_read_that_is_cut_short_goes_on_where_it_was(
    org: SalesforceBench, salesforce: Sandbox, tmp_path: Path, stops_after: int
) -> None:
    org.wait(60)
    pages = org.connection.source.pages(None, org.connection.source.now())
    frames = [next(pages) for _ in range(2 * stops_after)]  # two views each
    pages.close()
    before = len(calls(org, "/results"))
    [changed, *_] = rows(frames, "accounts")["id"].to_list()
    org.wait(3600)
    org.store.edit("Account", changed, {"Name": "Changed meanwhile"})
    with connected(salesforce, folder=tmp_path, bulk_read_from=2000) as again:
        landed = read(SalesforceBenchAt(again, org))
        kept = tmp_path / "pull" / "crm" / "Account"
        assert kept.is_dir()
        again.source.landed()
        assert not kept.exists()
    assert len(calls(org, "jobs/query", "POST")) == 1, "the job of the first try is gone on with"
    fetched = calls(org, "/results")
    assert len(fetched) - before <= 5 - stops_after
    assert once(landed).height == COUNT
    assert once(landed).row(by_predicate=pl.col("id") == changed, named=True)["name"] == "Changed meanwhile"


def test_who_became_a_person_while_a_first_read_lay_cut_short_is_gone(
    org: SalesforceBench, salesforce: Sandbox, tmp_path: Path
) -> None:
    org.store.set_features("person-accounts")
    org.wait(60)
    pages = org.connection.source.pages(None, org.connection.source.now())
    [changed, *_] = next(pages).rows["id"].to_list()
    pages.close()
    org.wait(3600)
    at = org.time.strftime("%Y-%m-%dT%H:%M:%S.000+0000")
    org.store.seed("Account", [{"Id": changed, "IsPersonAccount": True, "SystemModstamp": at}])
    org.wait(60)
    with connected(salesforce, folder=tmp_path, bulk_read_from=2000) as again:
        landed = read(SalesforceBenchAt(again, org))
    assert len(calls(org, "jobs/query", "POST")) == 1
    assert [page.deleted for page in landed if page.stream == "accounts" and page.deleted] == [(changed,)]


def test_a_page_that_was_damaged_on_disk_is_fetched_again(
    org: SalesforceBench, salesforce: Sandbox, tmp_path: Path
) -> None:
    pages = org.connection.source.pages(None, org.connection.source.now())
    for _ in range(6):
        next(pages)
    pages.close()
    kept = tmp_path / "pull" / "crm" / "Account" / "00002.csv.gz"
    kept.write_bytes(kept.read_bytes()[:-100])
    with connected(salesforce, folder=tmp_path, bulk_read_from=2000) as again:
        assert once(read(SalesforceBenchAt(again, org))).height == COUNT


@pytest.mark.parametrize("loss", ["gone", "failed", "other settings", "too old"])
def test_a_kept_job_that_is_no_good_any_more_is_begun_anew(
    org: SalesforceBench, salesforce: Sandbox, tmp_path: Path, loss: str
) -> None:
    pages = org.connection.source.pages(None, org.connection.source.now())
    next(pages)
    pages.close()
    if loss == "gone":
        org.store.database.rows("delete from bulk_query")
    elif loss == "failed":
        org.store.database.rows("update bulk_query set state = 'Failed'")
    elif loss == "too old":
        org.wait(6 * 24 * 3600)
    fields = {"fax": "Fax"} if loss == "other settings" else {}
    with connected(salesforce, folder=tmp_path, bulk_read_from=2000, account_fields=fields) as again:
        landed = read(SalesforceBenchAt(again, org))
    assert once(landed).height == COUNT
    assert len(calls(org, "jobs/query", "POST")) == 2


def test_a_job_that_fails_stops_the_read_with_salesforces_words(org: SalesforceBench) -> None:
    org.store.database.keep(sandbox_jobs.ENDS_IN, "Failed")
    with pytest.raises(
        AccessError, match=r"bulk job 750\w+: InternalServerError : Retried more than 15 times; 'overlap"
    ):
        read(org)
    org.store.database.keep(sandbox_jobs.ENDS_IN, None)
    assert once(read(org)).height == COUNT


def test_a_token_that_dies_between_two_pages_of_results_is_renewed(org: SalesforceBench) -> None:
    pages = org.connection.source.pages(None, org.connection.source.now())
    landed = [next(pages)]
    before = len(calls(org, "/results"))
    assert before < 4, "pages are fetched ahead, but not all"
    org.store.expire_tokens()
    landed += pages
    assert once(landed).height == COUNT


def test_a_page_that_is_cut_off_on_its_way_is_fetched_again(org: SalesforceBench) -> None:
    org.store.set_faults([{"fault": "half-reply", "path": "*/results", "nth": 2}])
    assert once(read(org)).height == COUNT
    assert len(calls(org, "/results")) == 6


def test_records_that_were_counted_and_do_not_come_stop_the_read(
    org: SalesforceBench, salesforce: Sandbox, tmp_path: Path
) -> None:
    pages = org.connection.source.pages(None, org.connection.source.now())
    next(pages)
    pages.close()
    org.store.database.rows("update bulk_query set records = 2000")  # as if the rest were hidden by then
    with connected(salesforce, folder=tmp_path, bulk_read_from=2000) as again:
        lost = "2,000 records of Account were read, but 2,100 counted before and 2,100 after; nothing was landed"
        with pytest.raises(AccessError, match=lost):
            read(SalesforceBenchAt(again, org))
        assert once(read(SalesforceBenchAt(again, org))).height == COUNT, "the next one begins anew"


def test_results_that_end_too_early_are_not_taken(org: SalesforceBench) -> None:
    pages = org.connection.source.pages(None, org.connection.source.now())
    next(pages)
    org.store.database.rows("update bulk_query set records = 2000")
    with pytest.raises(TransientError, match="found 2,100 records and handed over 2,000; run 'overlap pull' again"):
        list(pages)


def test_rows_that_change_while_they_are_read_are_no_loss(org: SalesforceBench) -> None:
    org.wait(60)
    pages = org.connection.source.pages(None, org.connection.source.now())
    landed = [next(pages)]
    org.wait(60)
    for id_ in rows(landed, "accounts")["id"][:20]:
        org.store.edit("Account", id_, {"Name": "Moved out of the window"})
    landed += pages
    assert once(landed).height == COUNT


def test_a_page_that_is_no_csv_or_holds_another_number_of_rows_is_not_taken(tmp_path: Path) -> None:
    with scripted(tmp_path) as script, closing(opened(script)) as session:
        script.answers["/results"] = [(200, "<html>maintenance</html>")]
        script.answers["jobs/query/750A"] = [(200, {"state": "JobComplete", "numberRecordsProcessed": 1})]
        script.answers["jobs/query"] = [(200, {"id": "750A"})]
        script.headers["Sforce-NumberOfRecords"] = "1"
        describe(script, "Account", ["Id"])
        from connectors.salesforce.reader import Reader, Table

        script.answers["COUNT"] = [(200, {"totalSize": 2000, "done": True, "records": []})]
        script.answers["/query/"] = [(200, {"done": True, "records": [{"Id": str(n)} for n in range(2000)]})]
        for body in ("<html>maintenance</html>", '"Id"\n"1"\n"2"\n', '"Id"\n"1'):
            script.answers["/results"] = [(200, body)]
            with pytest.raises(TransientError, match="a page of Account"):
                list(Reader(session, 1).read(Table("Account", {"Id": pl.String()}, ())))


@given(
    st.lists(
        st.tuples(
            st.text(st.characters(codec="utf-8", exclude_characters="\0\r")).map(str.strip),
            st.none() | st.booleans(),
            st.none() | st.floats(allow_nan=False, allow_infinity=False, width=32),
        ),
        max_size=8,
    )
)
def test_csv_comes_back_as_it_was_written(given: list[tuple[str, bool | None, float | None]]) -> None:
    def cell(value: object) -> str:
        if value is None:
            return '""'
        text = str(value).lower() if isinstance(value, bool) else str(value)
        return '"' + text.replace('"', '""') + '"'

    body = "\n".join(['"Id","Flag","Number"', *(",".join(map(cell, row)) for row in given)]) + "\n"
    kinds = {"Id": pl.String(), "Flag": pl.Boolean(), "Number": pl.Float64()}
    expected = [(text or None, flag, number) for text, flag, number in given]
    assert cells.of_csv(body.encode(), kinds).rows() == expected


class SalesforceBenchAt(SalesforceBench):
    """Another connection to an org whose clock stands where *org* left it."""

    def __init__(self, connection: object, org: SalesforceBench) -> None:
        self.connection = connection
        self.store = org.store
        self.time = org.time
