"""The brief that a partner gets: made of its share alone, released like any file, and equal whatever is hidden."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import polars as pl
import pytest

from jobs.sharing import share
from jobs.sharing.share import Approval
from jobs.stores import releases, shares
from jobs.telling import shared_brief
from jobs.telling.shared_brief import KINDS, Cover
from jobs.telling.shared_briefs import release_brief
from overlap.errors import ConfigError, GuardError
from overlap.sharing import permitted
from tests.jobs.test_exclusions import settle
from tests.jobs.test_share import LINE, SHARE
from tests.jobs.world import GLOBEX, World, listed
from tests.overlap.sharing_worlds import script, world

COVER = Cover("Globex", "Contoso", "2026-03-02", "2026-02-23")


@pytest.fixture
def sharing(written: World) -> World:
    settle(written, SHARE)
    return written


def released(world: World, **wish):
    with world.context() as context:
        made = share.offer(context, "globex")
        return release_brief(context, made, Approval(wish.pop("looked_at", made.looked_at)), **wish)


def test_a_brief_for_a_partner_is_on_record_and_compares_with_what_it_got_last(sharing: World) -> None:
    first = released(sharing)
    names = [f"shared/globex/globex-2026-03-02-brief-for-globex.{kind}" for kind in ("xlsx", "html")]
    assert [one.file_name for one in first] == names
    page = (sharing.folder / names[1]).read_text(encoding="utf-8")
    assert "For Globex" in page
    assert "INTERNAL" not in page
    assert "No longer shared" not in page
    sharing.wait(days=7)
    sharing.send(GLOBEX, listed(0, 1, 2, 3, 4, 5, 6))
    sharing.run()
    second = released(sharing)
    page = (sharing.folder / second[1].file_name).read_text(encoding="utf-8")
    new = page[page.index("<h2>New") : page.index("<h2>Everything")]
    assert ("Ginkgo Textiles" in new, "Elm Logistics" in new) == (True, False)
    assert "compared with what you got on 2026-03-02" in page
    with sharing.context() as context:
        assert [one.id for one in releases.every(context.ledger, "globex")] == [4, 3, 2, 1]
        kept = [path.name for _, path in shares.every(sharing.folder / "shares")]
        assert not [name for name in kept if name.startswith("released")], "what it was compared with lies nowhere"


def test_what_changed_since_a_person_looked_or_lies_among_our_briefs_does_not_go_out(sharing: World) -> None:
    with pytest.raises(GuardError, match="what 'globex' would get changed since you looked"):
        released(sharing, looked_at="something else")
    with pytest.raises(ConfigError, match="is for briefs that are yours alone"):
        released(sharing, out=sharing.folder / "briefs" / "globex")
    sharing.change_settings(LINE, '"our Prospects x their *" = "all"')
    with pytest.raises(GuardError, match="all of your Prospects would go out"):
        released(sharing)
    with sharing.context() as context:
        assert releases.every(context.ledger) == []


def test_what_a_partner_had_and_is_not_shared_any_more_is_told_by_its_own_columns_alone(tmp_path: Path) -> None:
    plain = {"their_website": None, "their_population": "Customers", "reason": "same name", "our_name": "Secret"}
    rows = [{"their_id": at, "their_name": f"T{at}", **plain} for at in ("1", "2", "3")]
    before = shares.write(tmp_path, GLOBEX, "released", "1", pl.DataFrame(rows))
    now = [rows[0], rows[1] | {"our_name": "Other"}, rows[0] | {"their_id": "4", "their_name": "T4"}]
    share = shares.write(tmp_path, GLOBEX, "2", "policy", pl.DataFrame(now))
    new, changed, gone = shared_brief._compared(shares.read(share), shares.read(before))
    assert new["their_id"].to_list() == ["4"]
    assert changed["their_id"].to_list() == ["2"]
    assert gone.rows() == [("3", "T3", "Customers")]


@pytest.mark.parametrize("seed", range(12))
def test_nothing_that_a_partner_may_not_see_changes_a_byte_of_its_brief(seed: int, tmp_path: Path) -> None:
    shared = script(seed)
    made = []
    for at in (0, 1):
        folder = tmp_path / str(at)
        found = permitted(world(shared, 2 * seed + at), shared.policy, GLOBEX)
        path = shares.write(folder, GLOBEX, "1", "policy", found)
        before = shares.write(folder, GLOBEX, "released", "1", found.head(1))
        export = partial(shared_brief.export, COVER, before, folder / "templates")
        files = [folder / f"brief.{kind}" for kind in KINDS]
        for kind, file in zip(KINDS, files, strict=True):
            export(path, file, kind)
        made.append([file.read_bytes() for file in files])
    assert made[0] == made[1]
