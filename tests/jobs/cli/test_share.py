"""Sharing at the command line: a look writes nothing, a release is asked for, and what went out can be read again."""

from __future__ import annotations

import pytest

from tests.jobs.cli.terminal import Desk, at_a_terminal
from tests.jobs.test_exclusions import settle
from tests.jobs.test_share import LINE, SHARE

ALL = '"our Prospects x their *" = "all"'


@pytest.fixture
def sharing(desk: Desk) -> Desk:
    settle(desk.world, SHARE)
    return desk


def files(desk: Desk) -> list[str]:
    return sorted(path.name for path in desk.folder.glob("shar*/*/*"))


def test_a_look_writes_nothing_and_a_release_can_be_read_again(sharing: Desk) -> None:
    looked = sharing.overlap("share", "globex", "--preview")
    assert "Prospects x Customers" in looked.out and "Dogwood" in looked.out and looked.code == 0
    assert sharing.overlap("share", "globex", "--preview", "--json").json["cells"] == {"Prospects x Customers": 3}
    asked = sharing.overlap("share", "globex")
    assert (asked.code, asked.err.strip()) == (2, "error: there is no terminal to ask at; say --yes")
    assert files(sharing) == []
    assert sharing.overlap("releases").out == "Nothing has been released yet: overlap share PARTNER --preview\n"
    done = sharing.overlap("share", "globex", "--yes", "--format", "xlsx", "--json").json
    assert done["release"]["file_name"].startswith("shared/globex/globex-") and len(files(sharing)) == 2
    [listed] = sharing.overlap("releases", "globex", "--json").json["releases"]
    assert listed == done["release"]
    shown = sharing.overlap("releases", "show", listed["id"], "--json").json
    assert [row["our_name"] for row in shown["rows"]] == ["Dogwood Ceramics", "Elm Logistics", "Fir Optics"]
    assert "X-4" in sharing.overlap("releases", "show", listed["id"]).out
    assert "3 as before" in sharing.overlap("share", "globex", "--preview").out
    assert sharing.overlap("releases", "initech", "--json").json["releases"] == []


def test_the_next_verb_takes_back_what_may_not_be_seen_any_more(sharing: Desk) -> None:
    assert sharing.overlap("share", "globex", "--yes").code == 0
    sharing.set_up(LINE, "")
    said = sharing.overlap("status")
    assert "nothing is shared with 'globex': its share is deleted; released already: release 1" in said.err
    assert [name for name in files(sharing) if name.endswith("parquet")] == []
    assert sharing.overlap("status").err == ""


def test_all_of_a_population_is_typed_at_the_terminal(sharing: Desk) -> None:
    sharing.set_up(LINE, ALL)
    assert sharing.overlap("share", "globex", "--yes").code == 6
    wrong = at_a_terminal("share", "globex", "--dir", sharing.folder, answer="y\n")
    assert wrong.code == 6 and "Type 'globex' to release" in wrong.err.replace("\r\n", " ")
    assert files(sharing) == []
    assert at_a_terminal("share", "globex", "--dir", sharing.folder, answer="globex\n").code == 0
    assert len(files(sharing)) == 2


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("share", "globx"), 2, "there is no partner 'globx'; did you mean 'globex'?"),
        (("share", "globex", "--format", "pdf"), 2, "there is no format 'pdf'; known: csv, xlsx"),
        (
            ("share", "globex", "--out", "x.xlsx", "--format", "csv"),
            2,
            "x.xlsx: the file is CSV; give it a name that ends",
        ),
        (("releases", "globx"), 2, "there is no partner 'globx'; did you mean 'globex'?"),
        (("releases", "show", "7"), 2, "there is no release '7'; 'overlap releases' lists them"),
    ],
)
def test_a_slip_is_told_with_its_remedy(sharing: Desk, words: tuple[str, ...], code: int, said: str) -> None:
    found = sharing.overlap(*words)
    assert found.code == code
    assert said in found.error
