"""Lines of log: what may stand in them, and that no secret ever does."""

from __future__ import annotations

import base64
import io
import json
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
import stamina

from config.secrets import resolve
from jobs.service import logs, retries
from overlap.errors import BusyError, ConfigError
from overlap.redaction import redacted, remember

SECRET = "s3cret/of+ours=="
KEY = "\n".join(
    ("-----BEGIN PRIVATE KEY-----", base64.b64encode(bytes(range(48))).decode(), "-----END PRIVATE KEY-----")
)


@pytest.fixture
def sink() -> Iterator[io.StringIO]:
    lines = io.StringIO()
    logs.configure("json", lines)
    yield lines
    logs.silence()


def read(sink: io.StringIO) -> list[dict[str, object]]:
    return [json.loads(line) for line in sink.getvalue().splitlines()]


def test_a_secret_that_was_resolved_is_masked_wherever_it_stands(tmp_path: Path, sink: io.StringIO) -> None:
    (tmp_path / "secret").write_text(f"{SECRET}\n")
    (tmp_path / "key").write_text(KEY)
    assert resolve("file:secret", tmp_path) == SECRET
    resolve("file:key", tmp_path)
    logs.error("failed", said=f"token {SECRET} (s3cret%2Fof%2Bours%3D%3D) of {KEY.splitlines()[1]}", places=[SECRET])
    logs.info(f"event {SECRET}", crm=SECRET)
    with logs.bound(slot=SECRET):
        logs.info("bound")
    text = sink.getvalue()
    assert SECRET not in text
    assert "s3cret" not in text
    assert KEY.splitlines()[1] not in text
    assert text.count("***") >= 6


def test_a_secret_at_the_end_of_what_is_cut_off_is_masked_before_it_is_cut(sink: io.StringIO) -> None:
    remember("a-rather-long-token-0123456789")
    logs.info("x", said="." * 1_985 + "a-rather-long-token-0123456789")
    assert "a-rather" not in sink.getvalue()


def test_what_nobody_listed_is_dropped_and_its_key_told(sink: io.StringIO) -> None:
    logs.info("sent", crm="salesforce", payload={"Name": "Alder Pumps"}, body="Alder Pumps")
    (line,) = read(sink)
    assert (line["crm"], line["dropped"]) == ("salesforce", ["body", "payload"])
    assert "Alder" not in sink.getvalue()


def test_what_libraries_say_is_told_without_what_they_say_it_of(sink: io.StringIO) -> None:
    logging.getLogger("urllib3").warning("Retrying %s", "/query?q=Alder Pumps")
    (line,) = read(sink)
    assert (line["logger"], line["said"]) == ("urllib3", "Retrying %s")


def test_what_is_tried_again_is_told_in_the_log_alone(sink: io.StringIO, capsys: pytest.CaptureFixture[str]) -> None:
    retries.tell_in_the_log()
    token = remember("a-token-of-a-crm-77")
    with stamina.set_testing(True, attempts=2, cap=True):
        for attempt in stamina.retry_context(on=BusyError, attempts=2):
            with attempt:
                if attempt.num == 1:
                    raise BusyError(f"crm 'x': it is busy with {token}")
    (line,) = read(sink)
    assert (line["event"], line["said"], line["attempt"]) == ("tried again", "crm 'x': it is busy with ***", 1)
    assert capsys.readouterr() == ("", "")


def test_of_an_unforeseen_error_only_its_kind_and_places_are_told(sink: io.StringIO) -> None:
    payload = "Alder Pumps"
    try:
        raise KeyError(payload)
    except KeyError as error:
        logs.unforeseen(error)
    (line,) = read(sink)
    assert line["kind"] == "KeyError"
    assert "test_of_an_unforeseen_error" in str(line["places"])
    assert payload not in sink.getvalue()


def test_a_second_place_gets_every_line_too_also_where_nobody_else_does(sink: io.StringIO) -> None:
    beside = io.StringIO()
    with logs.also(beside), logs.bound(run=7):
        logs.info("began")
    logs.info("ended")
    assert [(line["event"], line["run"]) for line in read(beside)] == [("began", 7)]
    assert [line["event"] for line in read(sink)] == ["began", "ended"]
    logs.silence()
    with logs.also(beside):
        logs.info("alone")
    assert read(beside)[-1]["event"] == "alone"
    assert not logs.is_on()


def test_short_words_are_no_secrets() -> None:
    remember("abc")
    assert redacted("the abc of it") == "the abc of it"


def test_an_unknown_format_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ConfigError, match="write one of json, console"):
        logs.configure("xml")
