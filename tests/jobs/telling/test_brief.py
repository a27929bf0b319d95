"""The brief for a meeting, for ourselves: it says why things moved, and does not go where files for partners lie."""

from __future__ import annotations

from pathlib import Path

import fastexcel
import pytest

from jobs.telling.brief import brief
from overlap.errors import ConfigError
from overlap.fields import INFLUENCE
from overlap.model import Influence
from tests.jobs.telling.newsroom import row
from tests.overlap.frames import frame, said


def made(news, **wish):
    with news.context() as context:
        return brief(context, "globex", **wish)


def page(done):
    return next(Path(file) for file in done.files if file.endswith(".html")).read_text(encoding="utf-8")


def test_a_brief_says_what_moved_since_the_one_before_and_why_on_a_page_and_in_a_workbook(news):
    news.publish(row("Stays"), row("Goes"), row("Moves"), row("Theirs", partner="initech"))
    first = made(news)
    assert (first.since, first.appeared, first.vanished) == (None, 0, 0)
    assert "the first brief: nothing to compare with" in page(first)
    moved = {"our_population": "Customers", "play": "Expand and retain together"}
    influences = frame(Influence, {"account_id": "Stays"}, {"key": "decided"}, {"key": "old", "suggest": False})
    decided = said(INFLUENCE, {"influence_key": "decided", "status": "Confirmed"})
    found = (row("Stays"), row("Moves", **moved), row("=New|<b>"), row("Theirs", partner="initech"))
    news.publish(*found, influences=influences, record_partner_influence=decided)
    done = made(news)
    assert (done.since, done.appeared, done.changed, done.vanished, done.waiting) == ("1", 1, 1, 1, 1)
    text = page(done)
    for words in (
        "INTERNAL: not for Globex",
        "=New|&lt;b&gt;",
        "our account is new",
        "our account is gone",
        "[populations]",
        "Customers x Customers: Expand and retain together",
        "Acme renewal",
        "default-src 'none'",
    ):
        assert words in text
    assert "Theirs</td>" not in text
    assert "<script" not in text
    book = fastexcel.read_excel(next(file for file in done.files if file.endswith(".xlsx")))
    assert book.sheet_names == [
        "INTERNAL",
        "Appeared",
        "Changed",
        "Vanished",
        "Best of each cell",
        "Influence to decide on",
    ]
    (new,) = book.load_sheet("Appeared").to_polars()["account name"]
    assert new == "'=New|<b>", "no spreadsheet runs it"
    again = made(news)
    assert (again.since, again.appeared) == ("1", 1), "made again, it is the same brief"
    assert {Path(file).stem[-2:] for file in again.files} == {"-2"}, "no file takes another's place"


def test_a_day_chooses_the_run_that_a_brief_compares_with(news):
    news.publish(row("A"))
    news.publish(row("A"), row("B"))
    news.publish(row("A"), row("B"), row("C"))
    assert made(news, since="2026-03-10").since == "1"
    assert made(news, since="2026-03-16").since == "2"
    with pytest.raises(ConfigError, match="no run is kept that was made until 2026-01-01"):
        made(news, since="2026-01-01")
    with pytest.raises(ConfigError, match="'yesterday' is no day; write one like 2026-03-31, or 'last'"):
        made(news, since="yesterday")


def test_a_brief_of_ours_does_not_go_where_files_for_partners_lie(news, tmp_path):
    news.publish(row("A"))
    for out in (news.folder / "shared" / "globex", news.folder / "briefs" / ".." / "shared"):
        with pytest.raises(ConfigError, match="is for what partners get, and this brief is for you alone"):
            made(news, out=out)
    assert not (news.folder / "shared").exists()
    assert {Path(file).parent for file in made(news, out=tmp_path / "out").files} == {tmp_path / "out"}
