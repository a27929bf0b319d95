"""No secret leaves a workspace on HubSpot: its key, its app's tokens, and what else the portal or an error repeats."""

from __future__ import annotations

import base64
import json
import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

import pytest
import stamina

from connectors.hubspot.signin import SignIn
from connectors.sandbox.hubspot.database import FILE_NAME
from jobs.stores.tokens import FileTokens
from tests.jobs.leaks import REPEATED, Watch, burst_at_every, plant, shares
from tests.jobs.portals import PortalWorld, portal_world
from tests.jobs.world import GLOBEX, INITECH, LISTED, listed
from tests.sandbox import copy_database

#: As HubSpot says why it refuses a call, and as its sign-in does.
ECHO = json.dumps({"category": "ODD", **dict.fromkeys(("message", "error", "error_description"), REPEATED)})
OF_THE_APP = ("client_id", "client_secret", "token_key")


@pytest.fixture
def world(tmp_path: Path) -> Iterator[PortalWorld]:
    """A portal that was set up; both partners' lists are of today, since verbs ask the real clock."""
    with portal_world(tmp_path, "enterprise") as made, stamina.set_testing(True, attempts=2, cap=True):
        for file in (made.folder / "inbox").iterdir():
            file.unlink()
        made.now = datetime.now(UTC)
        made.portal.set_time(made.now)
        made.send(GLOBEX, listed(*LISTED))
        made.send(INITECH, listed(0, 1))
        made.set_up()
        yield made


@pytest.fixture
def tokens(monkeypatch) -> list[str]:
    """Every access token that a sign-in has come to."""
    found: list[str] = []
    token = SignIn.token

    def listening(self):
        found.append(token(self))
        return found[-1]

    monkeypatch.setattr(SignIn, "token", listening)
    return found


def by_key(world: PortalWorld, tokens: list[str]) -> Watch:
    return Watch(world.folder, ("token",), tokens)


def by_app(world: PortalWorld, tokens: list[str]) -> Watch:
    """The workspace signs in as the portal's app, and has its refresh token."""
    client_id, client_secret, refresh_token = world.portal.app
    key = base64.b64encode(bytes(range(100, 132))).decode()
    for name, content in zip(OF_THE_APP, (client_id, client_secret, key), strict=True):
        (world.folder / name).write_text(content)
    flow = 'auth = "oauth"\nclient_id = "file:client_id"\nclient_secret = "file:client_secret"'
    world.change_settings('token = "file:token"', flow)
    world.change_settings("[workspace]", '[workspace]\ntoken_key = "file:token_key"')
    kept = FileTokens(world.folder / "tokens", lambda: key)
    with kept.locked("hubspot") as place:
        url = world.workspace.settings.crm["hubspot"].api_url
        place.write(f"{url} {refresh_token}")
    tokens.append(refresh_token)
    return Watch(world.folder, (*OF_THE_APP, "token"), tokens)


@pytest.mark.parametrize("signed_in", [by_key, by_app])
def test_a_portal_that_repeats_what_it_is_sent_gets_no_secret_into_any_output_or_file(
    signed_in: Callable[[PortalWorld, list[str]], Watch], world: PortalWorld, tokens: list[str]
) -> None:
    plant()
    watch = signed_in(world, tokens)
    world.portal.set_faults([{"fault": "advance", "seconds": 0.0, "times": 100_000}])
    watch.call("run", "--approve")
    assert watch.codes == [0]
    [calls] = [rule.reached for rule in world.portal.faults()]
    for at, status in enumerate((401, 400, 403, 404, 409, 423, 500, 401)):
        fault = {"fault": "http", "nth": 1 + at * calls // 10, "times": 3, "status": status, "body": ECHO}
        world.portal.set_faults([fault])
        watch.call(*(("pull", "--full"), ("check",), ("doctor", "--json"))[at % 3])
    assert {1, 3} & set(watch.codes), "the faults were met"
    watch.assert_files_are_clean()


def test_a_sign_in_that_repeats_what_it_is_sent_says_no_secret(world: PortalWorld, tokens: list[str]) -> None:
    plant()
    watch = by_app(world, tokens)
    for status in (400, 401, 403, 500, 200):
        world.portal.set_faults([{"fault": "http", "path": "*/token", "times": 9, "status": status, "body": ECHO}])
        assert "sign-in" in watch.call("check")
        watch.call("run")
    assert 0 not in watch.codes
    watch.assert_files_are_clean()


@pytest.mark.parametrize("share", shares(12))
def test_what_nobody_foresaw_says_no_secret_wherever_a_run_on_a_portal_comes_to_it(
    share: int,
    world: PortalWorld,
    tokens: list[str],
    tmp_path: Path,
    record_property: Callable[[str, object], None],
) -> None:
    plant()
    site, kept, numbers = tmp_path / "portal" / FILE_NAME, tmp_path / "kept.sqlite", count()
    copy_database(site, kept)

    def again() -> Watch:
        copy_database(kept, site)
        folder = shutil.copytree(world.folder, tmp_path / f"workspace-{next(numbers)}")
        return Watch(folder, ("token",), tokens)

    bursts = burst_at_every(share, again, "run", "--approve")
    record_property("runs on a portal that burst", bursts)
    assert bursts * share >= 50
