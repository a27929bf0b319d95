from __future__ import annotations

import os
from pathlib import Path

import pytest

from connectors.files.inbox import look, require_ours, require_same
from overlap.errors import GuardError


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    (tmp_path / "workspace" / "inbox").mkdir(parents=True)
    return tmp_path / "workspace"


def test_a_link_out_of_the_inbox_is_no_list(workspace: Path, tmp_path: Path) -> None:
    (tmp_path / "secret.csv").write_text("id,name\n")
    (workspace / "overlap.toml").write_text("")
    inbox = workspace / "inbox"
    for name, target in (("out.csv", tmp_path / "secret.csv"), ("up.csv", workspace / "overlap.toml")):
        (inbox / name).symlink_to(target)
        with pytest.raises(GuardError, match=f"{name}: a link that leads out"):
            require_ours(inbox / name, "inbox/*.csv", workspace)
    (inbox / "real.csv").write_text("")
    (inbox / "same.csv").symlink_to("real.csv")
    require_ours(inbox / "same.csv", "inbox/*.csv", workspace)


def test_a_folder_that_the_settings_name_may_be_a_link_and_one_that_they_match_may_not(
    workspace: Path, tmp_path: Path
) -> None:
    share = tmp_path / "share"
    share.mkdir()
    (share / "list.csv").write_text("")
    (workspace / "partners").symlink_to(share)
    require_ours(workspace / "partners" / "list.csv", "partners/*.csv", workspace)
    with pytest.raises(GuardError):
        require_ours(workspace / "partners" / "list.csv", "*/*.csv", workspace)


@pytest.mark.parametrize("name", ["a\nb.csv", "a\x1b[2J.csv", "a\u202evsc.exe.csv", "\udcff.csv"])
def test_a_name_that_cannot_be_shown_is_not_taken(workspace: Path, name: str) -> None:
    (workspace / "inbox" / name).write_text("")
    with pytest.raises(GuardError, match="cannot be shown; rename") as caught:
        require_ours(workspace / "inbox" / name, "inbox/*.csv", workspace)
    assert str(caught.value).isprintable()


def test_any_write_is_seen_even_one_that_hides_its_time(workspace: Path) -> None:
    path = workspace / "inbox" / "list.csv"
    path.write_text("one")
    before = look(path, 1)
    require_same(path, before, 1)
    path.write_text("two")
    os.utime(path, ns=(before.modified_ns, before.modified_ns))
    with pytest.raises(GuardError, match="pull again when it is complete"):
        require_same(path, before, 1)
    path.unlink()
    with pytest.raises(GuardError, match="changed while"):
        require_same(path, before, 1)
