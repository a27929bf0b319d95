"""Faults on the wire, each met over real TLS."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
import requests
import trustme

from connectors.salesforce.transport import RETRIES, http_session
from overlap.errors import AccessError, ConfigError, OverlapError, TransientError
from tests.connectors.salesforce.scripted import EXPIRED, SECRETS, SILENT, TOKEN, Script, opened, refusal, scripted


@pytest.fixture
def script(tmp_path: Path) -> Iterator[Script]:
    with scripted(tmp_path) as script:
        yield script


def error_of(script: Script, answer: tuple[int, object]) -> OverlapError:
    script.answers["FROM+Account"] = [answer]
    with closing(opened(script)) as session, pytest.raises(OverlapError) as caught:
        list(session.query("SELECT Id FROM Account"))
    assert "salesforce 'crm'" in str(caught.value)
    return caught.value


def test_no_redirect_is_followed(script: Script) -> None:
    script.headers["Location"] = f"{script.url}/elsewhere"
    script.answers["/elsewhere"] = [(200, {"access_token": "x", "instance_url": "x", "records": []})]
    error_of(script, (302, {}))
    script.answers["oauth2/token"] = [(307, {})]
    with pytest.raises(AccessError, match="HTTP 307, which leads elsewhere"):
        opened(script)
    assert script.count("/elsewhere") == 0


def test_follows_every_page_of_an_answer(script: Script) -> None:
    following = "/services/data/v62.0/query/01g000-2000"
    script.answers["FROM+Account"] = [(200, {"done": False, "nextRecordsUrl": following, "records": [{"Id": "1"}]})]
    script.answers[following] = [(200, {"done": True, "records": [{"Id": "2"}]})]
    with closing(opened(script)) as session:
        assert [record["Id"] for record in session.query("SELECT Id FROM Account")] == ["1", "2"]


def test_renews_an_expired_token_in_the_middle_of_an_answer(script: Script) -> None:
    following = "/services/data/v62.0/query/01g000-2000"
    script.answers["FROM+Account"] = [(200, {"done": False, "nextRecordsUrl": following, "records": [{"Id": "1"}]})]
    script.answers[following] = [(401, EXPIRED), (200, {"done": True, "records": [{"Id": "2"}]})]
    with closing(opened(script)) as session:
        assert [record["Id"] for record in session.query("SELECT Id FROM Account")] == ["1", "2"]
    assert script.count("oauth2/token") == 2


def test_renews_again_after_a_success_in_between(script: Script) -> None:
    found = (200, {"done": True, "records": []})
    script.answers["FROM+Account"] = [(401, EXPIRED), found, (401, EXPIRED), found]
    with closing(opened(script)) as session:
        assert list(session.query("SELECT Id FROM Account")) == list(session.query("SELECT Id FROM Account")) == []
    assert script.count("oauth2/token") == 3


def test_gives_up_on_a_token_that_is_refused_at_once(script: Script) -> None:
    error = error_of(script, (401, EXPIRED))
    assert isinstance(error, AccessError)
    assert "overlap check" in str(error)
    assert script.count("FROM+Account") == 2


@pytest.mark.parametrize("body", [{"error": "nope"}, [], "<html>proxy</html>"])
def test_a_401_of_another_shape_stops_the_connector(script: Script, body: object) -> None:
    script.answers["composite"] = [(401, body)]
    with closing(opened(script)) as session, pytest.raises((AccessError, TransientError), match="salesforce 'crm'"):
        session.patch("composite/sobjects", {})
    assert script.count("composite") == 1


@pytest.mark.parametrize(
    ("status", "body", "kind", "words"),
    [
        (403, refusal("REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded."), AccessError, "used up"),
        (403, refusal("REQUEST_LIMIT_EXCEEDED", "ConcurrentRequests Limit exceeded."), TransientError, "later"),
        (403, refusal("API_DISABLED_FOR_ORG"), AccessError, "API_DISABLED_FOR_ORG: words"),
        (404, refusal("NOT_FOUND", "The requested resource does not exist"), AccessError, "permission set"),
        (400, refusal("INVALID_TYPE", "sObject type 'X' is not supported"), AccessError, "deploy"),
        (400, refusal("MALFORMED_QUERY"), AccessError, "MALFORMED_QUERY"),
        (400, refusal("QUERY_TIMEOUT"), TransientError, "later"),
        (410, refusal("GONE"), AccessError, "api_version"),
        (414, "<html>URI too long</html>", AccessError, "HTTP 414"),
        (429, "slow down", TransientError, "HTTP 429"),
        (500, refusal("UNKNOWN_EXCEPTION"), TransientError, "UNKNOWN_EXCEPTION"),
        (503, "<html>maintenance</html>", TransientError, "HTTP 503"),
        (200, "<html>maintenance</html>", TransientError, "not JSON"),
    ],
)
def test_a_refusal_says_whether_to_wait_or_to_stop(
    script: Script, status: int, body: object, kind: type[OverlapError], words: str
) -> None:
    error = error_of(script, (status, body))
    assert isinstance(error, kind)
    assert words in str(error)


def test_a_missing_field_is_named_with_its_object_and_remedy(script: Script) -> None:
    message = "SELECT Foo__c FROM Account\n ^\nERROR at Row:1:Column:8\nNo such column 'Foo__c' on entity 'Account'. If"
    error = error_of(script, (400, refusal("INVALID_FIELD", message)))
    assert "field Foo__c of Account is missing or hidden; deploy" in str(error)
    assert "permission set" in str(error)


def test_an_object_that_is_not_there_has_no_description(script: Script) -> None:
    with closing(opened(script)) as session:
        assert session.describe("Overlap_Partner__c") is None


def test_reads_are_tried_again_after_a_503(script: Script) -> None:
    script.answers["FROM+Account"] = [(503, "busy"), (502, "busy"), (200, {"done": True, "records": [{"Id": "1"}]})]
    with closing(opened(script)) as session:
        assert [record["Id"] for record in session.query("SELECT Id FROM Account")] == ["1"]


def test_reads_are_not_tried_for_ever(script: Script) -> None:
    error_of(script, (503, "busy"))
    assert script.count("FROM+Account") == 1 + RETRIES


@pytest.mark.parametrize("answer", [(503, "busy"), (0, None), (200, "<html>")])
def test_a_write_is_sent_once_and_its_fate_is_called_unknown(script: Script, answer: tuple[int, object]) -> None:
    script.answers["composite"] = [answer]
    with closing(opened(script)) as session, pytest.raises(TransientError, match="unknown whether"):
        session.patch("composite/sobjects", {"records": []})
    assert script.count("composite") == 1


def test_no_call_waits_for_ever(script: Script, monkeypatch: pytest.MonkeyPatch) -> None:
    script.answers["composite"] = [(SILENT, None)]
    with closing(opened(script)) as session:
        monkeypatch.setattr("connectors.salesforce.transport.READ_TIMEOUT_S", 0.1)
        with pytest.raises(TransientError, match="ReadTimeout"):
            session.send("POST", "composite/sobjects")


def test_a_write_waits_longer_and_its_fate_is_unknown_then(script: Script, monkeypatch: pytest.MonkeyPatch) -> None:
    script.answers["composite"] = [(SILENT, None)]
    with closing(opened(script)) as session:
        monkeypatch.setattr("connectors.salesforce.transport.READ_TIMEOUT_S", 9.0)
        monkeypatch.setattr("connectors.salesforce.session.WRITE_TIMEOUT_S", 0.1)
        with pytest.raises(TransientError, match=r"ReadTimeout.*unknown whether"):
            session.patch("composite/sobjects", {"records": []})


def test_passes_on_how_long_salesforce_wants_us_to_wait(script: Script) -> None:
    script.answers["composite"] = [(503, "busy")]
    with closing(opened(script)) as session:
        script.headers["Retry-After"] = "17"
        with pytest.raises(TransientError) as caught:
            session.patch("composite/sobjects", {"records": []})
    assert caught.value.retry_after_s == 17


def test_tells_the_time_and_the_calls_of_the_org(script: Script) -> None:
    script.answers["limits"] = [(200, {"DailyApiRequests": {}})]
    script.headers["Sforce-Limit-Info"] = "api-usage=18/5000; per-app-api-usage=17/250(appName=x); api-bursts=1/750"
    with closing(opened(script)) as session:
        assert abs((session.server_now() - datetime.now(UTC)).total_seconds()) < 5
        assert session.api_calls() == (18, 5000)


def test_does_not_invent_a_number_of_calls(script: Script) -> None:
    with closing(opened(script)) as session:
        assert session.api_calls() is None


def test_a_wrong_secret_names_the_settings_to_check(script: Script) -> None:
    refused = {"error": "invalid_client", "error_description": "invalid client credentials"}
    script.answers["oauth2/token"] = [(400, refused)]
    with pytest.raises(AccessError, match=r"invalid client credentials.*consumer_secret"):
        opened(script)


@pytest.mark.parametrize("body", ["<html>login</html>", {"access_token": "x"}, []])
def test_a_strange_token_reply_is_a_refusal(script: Script, body: object) -> None:
    script.answers["oauth2/token"] = [(200, body)]
    with pytest.raises(AccessError, match="sign-in refused: the answer holds no token"):
        opened(script)


def test_an_org_out_of_service_at_sign_in_is_worth_another_try(script: Script) -> None:
    script.answers["oauth2/token"] = [(503, "<html>maintenance</html>")]
    with pytest.raises(TransientError, match="HTTP 503"):
        opened(script)


def test_an_unreachable_server_is_named(script: Script) -> None:
    with pytest.raises(AccessError, match=r"cannot reach https://localhost:1 .*login_url"):
        opened(script, login_url="https://localhost:1")


@contextmanager
def hanging_up() -> Iterator[tuple[str, list[int]]]:
    """A server that drops each connection in the middle of the TLS handshake, and what it counted."""
    dropped: list[int] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def drop() -> None:
            while True:
                connection = server.accept()[0]
                with connection:
                    if not connection.recv(1):
                        return
                    connection.recv(65536)
                    dropped.append(len(dropped))

        thread = threading.Thread(target=drop)
        thread.start()
        try:
            yield f"https://localhost:{server.getsockname()[1]}", dropped
        finally:
            socket.create_connection(server.getsockname()).close()
            thread.join()


def test_a_tls_connection_that_drops_is_no_wrong_certificate_and_reads_are_tried_again(
    script: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    for waiting in ("BACKOFF_S", "JITTER_S"):
        monkeypatch.setattr(f"connectors.salesforce.transport.{waiting}", 0.0)
    with hanging_up() as (url, dropped):
        with pytest.raises(TransientError, match="the connection failed") as caught:
            opened(script, login_url=url)
        assert "certificate" not in str(caught.value)
        assert len(dropped) == 1, "a sign-in is asked for once"
        http = http_session(script.ca_file)
        with closing(http), pytest.raises(requests.ConnectionError):
            http.get(url)
        assert len(dropped) == 1 + 1 + RETRIES


def test_trusts_the_ca_file_of_the_settings_alone(
    script: Script, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = tmp_path / "other.pem"
    trustme.CA().cert_pem.write_to_path(str(other))
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(other))
    opened(script).close()
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(script.ca_file))
    with pytest.raises(AccessError, match="ca_file"):
        opened(script, ca_file=other)


def test_a_ca_file_that_is_not_there_is_named(script: Script, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"nowhere\.pem"):
        opened(script, ca_file=tmp_path / "nowhere.pem")


def test_no_netrc_takes_the_place_of_the_token(script: Script, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine localhost login somebody password else\n")
    monkeypatch.setenv("NETRC", str(netrc))
    with closing(opened(script)):
        pass
    assert script.authorizations[-1] == f"Bearer {TOKEN}"


@pytest.mark.parametrize("status", [400, 401, 403, 404, 500, 503, 0])
def test_no_message_shows_a_secret(script: Script, status: int) -> None:
    error = error_of(script, (status, refusal("WHATEVER")))
    shown = [str(error), repr(error)]
    script.answers["oauth2/token"] = [(status, {"error": "invalid_client"})]
    with pytest.raises(OverlapError) as caught:
        opened(script)
    shown += [str(caught.value), repr(caught.value)]
    for secret in (*SECRETS.values(), TOKEN):
        assert not any(secret in text for text in shown)
