"""Signing in for the first time, and choosing an environment, as a person at a terminal does."""

from __future__ import annotations

import base64
import os
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests

from tests.connectors.salesforce.flows import USER, key_pair
from tests.jobs.cli.terminal import SCRIPT, Desk, Said, overlap, script
from tests.jobs.conftest import Org

SECRET_LINE = 'consumer_secret = "file:consumer_secret"\n'


@pytest.fixture
def port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


@pytest.fixture
def by_token(desk: Desk) -> Desk:
    """A workspace whose org signs in by refresh token, and nobody has yet."""
    desk.set_up(SECRET_LINE, 'auth = "refresh-token"\n')
    desk.set_up("[workspace]", '[workspace]\ntoken_key = "file:token_key"')
    (desk.folder / "token_key").write_text(base64.b64encode(os.urandom(32)).decode())
    return desk


class Visitor:
    """A person who runs `overlap connect`, and has a browser."""

    def __init__(self, process: subprocess.Popen[str], ca_file: str) -> None:
        self.process = process
        self.ca_file = ca_file
        self.shown = ""

    def address(self) -> str:
        while not (line := self.process.stderr.readline()).startswith("https://"):
            assert line, self.shown
            self.shown += line
        return line.strip()

    def browse(self, url: str, follow: bool) -> requests.Response:
        with requests.Session() as session:
            session.trust_env = False
            return session.get(url, verify=self.ca_file, allow_redirects=follow)

    def done(self, typed: str = "") -> Said:
        out, err = self.process.communicate(typed, timeout=60)
        return Said(self.process.returncode, out, self.shown + err)


@contextmanager
def connecting(desk: Desk, org: Org, port: int, *words: str) -> Iterator[Visitor]:
    options = ["--no-browser", "--timeout", "60", "--port", str(port), "--dir", str(desk.folder)]
    command = [str(SCRIPT), "connect", "salesforce", *options, *words]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, text=True) as process:
        try:
            yield Visitor(process, org.address.ca_file)
        finally:
            process.kill()


def connect(desk: Desk, org: Org, port: int) -> Said:
    with connecting(desk, org, port) as visitor:
        visitor.browse(visitor.address(), follow=True)
        return visitor.done()


def test_a_browser_on_this_machine_is_led_back_and_every_verb_can_sign_in(by_token: Desk, org: Org, port: int):
    with connecting(by_token, org, port) as visitor:
        url = visitor.address()
        callback = f"http://localhost:{port}/callback?code=aPrx"
        stray = requests.get(f"http://localhost:{port}/favicon.ico", timeout=10)
        assert stray.status_code == 404, "a browser asks for more than it is led to"
        for other in (callback, f"{callback}&state=made-by-somebody-else"):
            assert requests.get(other, timeout=10).status_code == 400, "and other pages may send it here"
        page = visitor.browse(url, follow=True)
        said = visitor.done()
    assert page.text == "Done. You may close this page and go back to the terminal."
    assert said.code == 0, said
    assert f"'salesforce' is signed in to org {by_token.store.org_id} by auth = 'refresh-token'" in said.out
    assert by_token.overlap("check").code == 0
    assert by_token.overlap("pull").code == 0


def test_on_a_machine_without_a_browser_the_address_is_pasted(by_token: Desk, org: Org, port: int):
    with connecting(by_token, org, port, "--json") as visitor:
        led_to = visitor.browse(visitor.address(), follow=False).headers["Location"]
        other = "http://localhost/callback?code=aPrx&state=an-old-one"
        said = visitor.done(f"\nwhat?\n{led_to.partition('?')[0]}\n{other}\n  {led_to}  \n")
    assert said.code == 0, said
    assert said.err.count("That is not it: copy the whole address") == 2
    assert said.err.count("That belongs to another sign-in") == 1
    assert said.json["org_id"] == by_token.store.org_id
    assert said.json["authorized"] is True


def test_no_token_is_in_any_file_or_word(by_token: Desk, org: Org, port: int):
    said = connect(by_token, org, port)
    assert said.code == 0
    tokens = [
        row[0] for row in by_token.store.database.rows("select token from refresh_token union select token from token")
    ]
    assert tokens
    for path in (path for path in by_token.folder.rglob("*") if path.is_file()):
        assert not [token for token in tokens if token.encode() in path.read_bytes()], path
    assert not [token for token in tokens if token in said.out + said.err]


def test_a_person_who_says_no_leaves_everything_as_it_was(by_token: Desk, org: Org, port: int):
    by_token.store.deny_authorization(True)
    said = connect(by_token, org, port)
    assert said.code == 3
    assert "not authorized: access_denied: end-user denied authorization" in said.err
    assert not (by_token.folder / "tokens" / "salesforce.enc").exists()


def test_the_org_of_another_workspace_is_refused_before_its_token_is_kept(by_token: Desk, org: Org, port: int):
    by_token.store.set_org_id("00D000000000099AAA")
    said = connect(by_token, org, port)
    assert said.code == 3
    assert "is org 00D000000000099AAA, but this workspace belongs to org" in said.err
    assert not (by_token.folder / "tokens" / "salesforce.enc").exists()


def test_nobody_is_waited_for_without_end(by_token: Desk, port: int):
    said = by_token.overlap("connect", "salesforce", "--no-browser", "--timeout", "1", "--port", port)
    assert said.code == 3
    assert "nobody answered within 1 s; run 'overlap connect' again" in said.err


def test_a_port_that_is_taken_says_to_name_another(by_token: Desk):
    with socket.socket() as squatter:
        squatter.bind(("127.0.0.1", 0))
        squatter.listen()
        taken = squatter.getsockname()[1]
        said = by_token.overlap("connect", "salesforce", "--no-browser", "--port", taken)
    assert said.code == 2
    assert said.error == f"port {taken} is taken; name another one with --port, and add its callback URL to the app"


def test_without_a_key_for_tokens_it_says_how_to_make_one(by_token: Desk):
    by_token.set_up('token_key = "file:token_key"\n', "")
    said = by_token.overlap("connect", "salesforce", "--no-browser")
    assert said.code == 2
    assert "workspace.token_key is missing" in said.error
    assert "openssl rand -base64 32" in said.error


def test_a_run_before_the_first_sign_in_names_the_verb(by_token: Desk):
    with by_token.keeps_everything():
        said = by_token.overlap("run")
    assert said.code == 3
    assert said.error.endswith("run 'overlap connect salesforce'")


def test_rotation_survives_the_weeks(by_token: Desk, org: Org, port: int):
    by_token.store.rotate_refresh_tokens(True)
    assert connect(by_token, org, port).code == 0
    by_token.store.expire_tokens_at(5, again=True)
    for _ in range(2):
        assert by_token.overlap("pull").code == 0


def test_taking_the_access_back_ends_it(by_token: Desk, org: Org, port: int):
    assert connect(by_token, org, port).code == 0
    said = by_token.overlap("connect", "salesforce", "--revoke")
    assert (said.code, said.out.strip()) == (0, "The access of 'salesforce' is taken back.")
    assert by_token.store.database.rows("select * from refresh_token") == []
    assert by_token.overlap("check").code == 3
    assert by_token.overlap("connect", "salesforce", "--revoke", "--json").json["revoked"] is False


def test_a_flow_without_tokens_has_none_to_take_back(desk: Desk):
    said = desk.overlap("connect", "salesforce", "--revoke")
    assert said.code == 2
    assert "block the app or its user in Salesforce" in said.error


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["salesfroce"], "there is no kind of CRM 'salesfroce'; did you mean 'salesforce'?"),
        (["salesforce", "prod"], "there is no CRM connection 'prod'; known: salesforce"),
    ],
)
def test_a_wrong_name_is_named_with_the_known_ones(desk: Desk, words: list[str], says: str):
    said = desk.overlap("connect", *words)
    assert (said.code, said.error) == (2, says)


def test_a_flow_that_needs_no_person_signs_in_and_says_so(desk: Desk, org: Org, tmp_path: Path):
    private, public = key_pair()
    (desk.folder / "overlap.pem").write_text(private)
    (tmp_path / "app.pub").write_text(public)
    assert overlap("sandbox", "certificate", tmp_path / "app.pub", "--dir", org.folder).code == 0
    desk.set_up(SECRET_LINE, f'auth = "jwt"\nusername = "{USER}"\nprivate_key = "file:overlap.pem"\n')
    said = desk.overlap("connect", "salesforce")
    assert said.code == 0
    assert f"signed in to org {desk.store.org_id} by auth = 'jwt'." in said.out
    assert desk.overlap("run").code == 0


def test_a_password_in_the_settings_is_refused_with_the_way_out(desk: Desk):
    desk.set_up(SECRET_LINE, 'username = "me@contoso.com"\npassword = "hunter2"\n')
    said = desk.overlap("run")
    assert said.code == 2
    assert "signing in with user name and password is not supported" in said.error
    assert "hunter2" not in said.err


# --- environments ----------------------------------------------------------------------------------------------------


def test_an_environment_that_names_another_org_is_stopped_before_anything_is_read_or_written(desk: Desk):
    (desk.folder / "overlap.prod.toml").write_text('[crm.salesforce]\norg_id = "00D000000000099AAA"\n')
    before = len(desk.store.requests())
    for verb in ("run", "pull", "plan"):
        with desk.keeps_everything():
            said = desk.overlap(verb, "--env", "prod")
        assert said.code == 3
        assert (
            f"signed in to org {desk.store.org_id}, but org_id of this environment is 00D000000000099AAA" in said.error
        )
    asked = [request.query or request.path for request in desk.store.requests()[before:]]
    assert set(asked) == {"/services/oauth2/token", "SELECT Id FROM Organization"}
    assert desk.overlap("run").code == 0, "without the environment, the org is the one that was pinned"


def test_an_environment_is_chosen_by_a_variable_too_and_an_option_wins(desk: Desk):
    (desk.folder / "overlap.prod.toml").write_text(f'[crm.salesforce]\norg_id = "{desk.store.org_id}"\n')
    (desk.folder / "overlap.test.toml").write_text('[crm.salesforce]\norg_id = "00D000000000099AAA"\n')
    assert script("check", folder=desk.folder, OVERLAP_ENV="prod").code == 0
    assert "overlap.toml and overlap.prod.toml" in script("check", folder=desk.folder, OVERLAP_ENV="prod").out
    assert script("check", folder=desk.folder, OVERLAP_ENV="test").code == 3
    assert script("check", "--env", "prod", folder=desk.folder, OVERLAP_ENV="test").code == 0


@pytest.mark.parametrize("verb", ["check", "pull", "match", "plan", "run", "matrix", "reviews", "status", "greenfield"])
def test_every_verb_that_opens_the_workspace_takes_an_environment(desk: Desk, verb: str):
    (desk.folder / "overlap.prod.toml").write_text("")
    said = desk.overlap(verb, "--env", "prdo")
    assert said.code == 2
    assert said.error.startswith("there is no environment 'prdo'")
    assert said.error.endswith("did you mean 'prod'?")


def test_verbs_of_groups_take_an_environment_and_those_without_a_workspace_do_not(desk: Desk, org: Org):
    said = overlap("model", "list", "--dir", desk.folder, "--env", "prod")
    assert (said.code, "there is no environment 'prod'" in said.error) == (2, True)
    assert "No such option" in overlap("sandbox", "history", "--dir", org.folder, "--env", "prod").err


def test_an_org_id_in_the_shared_settings_is_refused(desk: Desk):
    desk.set_up(SECRET_LINE, SECRET_LINE + f'org_id = "{desk.store.org_id}"\n')
    said = desk.overlap("run")
    assert said.code == 2
    assert "crm.salesforce.org_id: not here" in said.error
