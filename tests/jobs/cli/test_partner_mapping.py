"""`overlap partner mapping` at the command line."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.jobs.cli.terminal import Desk, Said, overlap

SETTINGS = (
    '[workspace]\nid = "contoso-1a2b3c"\nname = "Contoso"\n[partners.globex]\nname = "Globex"\nfiles = "inbox/g*"\n'
)
LIST = """Partner list of Globex;;
as of November;;
Feld1;Feld2;Color
Acme GmbH;acme.de;red
Globex Inc.;globex.com;blue
Hooli Ltd;hooli.com;red
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for part in ("inbox", "lists", "quarantine", "runs"):
        (tmp_path / part).mkdir()
    (tmp_path / "overlap.toml").write_text(SETTINGS)
    (tmp_path / "inbox/globex.csv").write_text(LIST)
    return tmp_path


def mapping(folder: Path, *words: object) -> Said:
    return overlap("partner", "mapping", "globex", *words, "--dir", folder)


def test_shows_headings_with_what_they_are_read_as_why_and_samples(folder: Path) -> None:
    said = mapping(folder)
    assert said.code == 0
    lines = [line.split() for line in said.out.splitlines()]
    assert ["Feld2", "website", "content", "acme.de;", "globex.com;", "hooli.com"] in lines
    assert ["Color", "not", "used", "red;", "blue"] in lines
    assert "'Feld2' is read as website for what is in it" in said.err


def test_a_correction_is_kept_and_a_list_without_a_company_name_is_held(folder: Path) -> None:
    assert mapping(folder, "--set", 'city="Color"', "--ignore", "Feld2").code == 0
    found = {one["heading"]: (one["column"], one["why"]) for one in mapping(folder, "--json").json["headings"]}
    assert found == {"Feld1": ("name", "content"), "Feld2": (None, None), "Color": ("city", "corrected")}
    said = mapping(folder, "--set", "name=")
    assert said.code == 6
    assert "no heading stands for the company name; say which with --set name=HEADING" in said.out
    assert mapping(folder, "--forget").code == 0


@pytest.mark.parametrize(
    ("words", "error"),
    [
        (("--set", "name"), '--set name: write COLUMN=HEADING, as in --set name="Firma"'),
        (("--set", "name=Feld"), "the file has no heading 'Feld'; did you mean 'Feld2'?"),
        (("nowhere.csv",), "nowhere.csv: no such file; correct the path"),
    ],
)
def test_a_mistake_is_answered_with_its_remedy(folder: Path, words: tuple[str, ...], error: str) -> None:
    said = mapping(folder, *words)
    assert said.code == 2
    assert said.error == error


def test_a_list_that_does_not_fit_is_held_everywhere_until_it_is_corrected(desk: Desk) -> None:
    sent = next(desk.folder.glob("inbox/globex-*.csv"))
    newer = sent.with_name(f"globex-{desk.world.now:%Y-%m-%d}.csv")
    newer.write_text(sent.read_text().replace("Website", "Web"))
    with desk.keeps_everything():
        held = desk.overlap("pull")
    assert held.code == 6
    assert "website was read from 'Website', which is gone; 'Web' would be read instead" in held.out
    assert "its headings do not fit those of the last list" in desk.overlap("check").out
    assert desk.overlap("partner", "mapping", "globex", "--set", "website=Web").code == 0
    refused = desk.overlap("match")
    assert refused.code == 2
    assert "the mapping of 'globex' changed since the last pull; run 'overlap pull' first" in refused.error
    desk.pull()
    assert desk.overlap("match").code == 0
