"""What is installed with us, and what we promise whoever installs us."""

from __future__ import annotations

import re
from importlib import import_module
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("overlap", "config", "connectors", "matching", "jobs")


@pytest.mark.parametrize("name", PACKAGES)
def test_no_other_distribution_ships_a_package_with_our_name(name):
    assert set(packages_distributions().get(name, [])) <= {"overlap-engine"}
    assert Path(import_module(name).__file__).parent == ROOT / name


@pytest.mark.parametrize("name", PACKAGES)
def test_every_package_says_that_it_is_typed(name):
    assert (ROOT / name / "py.typed").is_file()


def test_every_locked_version_has_hashes_and_no_index_has_an_address():
    text = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    code = re.sub(r"\s*#.*", "", text).replace("\\\n", " ")
    entries = [line for line in code.splitlines() if line.strip()]
    assert len(entries) > 40
    for entry in entries:
        assert re.match(r"[a-z0-9._-]+==\S+", entry), entry
        assert re.search(r"--hash=sha256:[0-9a-f]{64}", entry), entry
    assert "://" not in text
    assert "--index" not in text


def test_the_readme_begins_with_the_two_commands():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    block = re.search(r"```sh\n(.*?)```", readme, re.DOTALL)[1]
    assert [line.partition("#")[0].strip() for line in block.splitlines()] == ["make demo", "make test"]
