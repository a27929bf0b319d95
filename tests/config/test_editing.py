"""A partner's table comes into the settings file and leaves it, and every other line stays as it was."""

from __future__ import annotations

import difflib
import tomllib
from importlib import resources
from pathlib import Path

import pytest

from config.editing import add_partner, add_schedule, remove_partner
from overlap.errors import ConfigError

SAID = {"name": 'Globex "the" Müller', "files": "inbox/globex*"}
TEMPLATE = resources.files("config").joinpath("defaults/overlap.toml").read_text(encoding="utf-8")
FILES = {
    "the template": TEMPLATE.format(id="acme-1a2b3c", name="Acme", time_zone="UTC"),
    "a partner in the middle": '[workspace]\nid = "a"\n\n[partners.acme]\nname = "Acme"  # ours\nfiles="x*"\n\n'
    "# a remark\n[partners.acme.terms]\nexpires = 2027-01-31\n\n[icp]\ntier_a = 70\n",
    "windows line ends": '[workspace]\r\nid = "a"\r\n\r\n[partners.acme]\r\nname = "Acme"\r\nfiles = "x*"\r\n',
    "no newline at the end": '[workspace]\nid = "a"',
    "partners apart": '[partners.a]\nname = "A"\n[icp]\ntier_a = 1\n[partners.b]\nname = "B"\n[guards]\ncreates = 1\n',
    "text like a table": '[workspace]\nid = "a"\nname = """\n[partners.globex]\n"""\n[partners.z]\nname = "Z"\n',
}


def lines_lost(before: str, after: str) -> list[str]:
    told = difflib.ndiff(before.splitlines(), after.splitlines())
    return [line[2:] for line in told if line.startswith("- ") and line[2:].strip()]


@pytest.mark.parametrize("text", FILES.values(), ids=FILES)
def test_a_new_partner_stands_in_the_file_and_nothing_else_moved(tmp_path: Path, text: str) -> None:
    path = tmp_path / "overlap.toml"
    path.write_bytes(text.encode())
    add_partner(path, "globex", SAID)
    after = path.read_bytes().decode()
    assert tomllib.loads(after)["partners"].pop("globex") == SAID
    assert lines_lost(text, after) == []
    assert "# headings = " in after, "what else there is stands beside it as a remark"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("text", FILES.values(), ids=FILES)
def test_a_partner_that_came_and_went_leaves_what_was_there(tmp_path: Path, text: str) -> None:
    path = tmp_path / "overlap.toml"
    path.write_bytes(text.encode())
    add_partner(path, "globex", SAID)
    remove_partner(path, "globex")
    after = path.read_bytes().decode()
    assert tomllib.loads(after) == tomllib.loads(text)
    assert lines_lost(text, after) == []


def test_a_schedule_comes_the_same_way(tmp_path: Path) -> None:
    path = tmp_path / "overlap.toml"
    text = FILES["a partner in the middle"]
    path.write_text(text)
    add_schedule(path, "weekly", {"cron": "0 7 * * mon"})
    add_schedule(path, "daily", {"cron": "0 7 * * *", "does": "pull"})
    after = path.read_text()
    assert tomllib.loads(after)["schedules"] == {
        "weekly": {"cron": "0 7 * * mon"},
        "daily": {"cron": "0 7 * * *", "does": "pull"},
    }
    assert lines_lost(text, after) == []
    assert after.count('# zone = "Europe/Berlin"') == 2


def test_a_partner_leaves_with_what_is_below_it(tmp_path: Path) -> None:
    path = tmp_path / "overlap.toml"
    path.write_text(FILES["a partner in the middle"])
    remove_partner(path, "acme")
    assert tomllib.loads(path.read_text()) == {"workspace": {"id": "a"}, "icp": {"tier_a": 70}}


def test_a_partner_that_does_not_stand_in_the_file_is_not_taken_out(tmp_path: Path) -> None:
    path = tmp_path / "overlap.toml"
    path.write_text('[workspace]\nid = "a"\n')
    with pytest.raises(ConfigError, match=r"there is no \[partners.globex\] here"):
        remove_partner(path, "globex")


@pytest.mark.parametrize(
    "text",
    [
        'partners = { acme = { name = "Acme", files = "x" } }\n',
        'partners.acme.name = "Acme"\npartners.acme.files = "x"\n[icp]\ntier_a = 70\n',
    ],
)
def test_a_file_that_a_program_cannot_edit_exactly_stays_as_it_is(tmp_path: Path, text: str) -> None:
    path = tmp_path / "overlap.toml"
    path.write_text(text)
    before = path.read_bytes()
    with pytest.raises(ConfigError, match="by hand"):
        add_partner(path, "globex", SAID)
    assert path.read_bytes() == before


def test_comments_of_what_stands_below_a_partner_stay(tmp_path: Path) -> None:
    path = tmp_path / "overlap.toml"
    before = '[workspace]\nid = "a"\n\n'
    ours = '[partners.globex]\nname = "Globex"\n# population = "Customers"\n\n[partners.globex.terms]\nuses = []\n\n'
    after = '# about acme: legal hold\n[partners.acme]\nname = "Acme"\n\n# [exclusions.test]\n'
    path.write_text(before + ours + after)
    remove_partner(path, "globex")
    assert path.read_text() == before + after
