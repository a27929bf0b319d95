"""Lists that lie elsewhere: each place plays the same three rules, and its own."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import stamina
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from config.partners import PartnerSettings
from config.sources import SourceSettings, kind, sheet_of
from connectors.files import remote
from connectors.files.remote import fetch_newest, fits
from connectors.files.source import as_of
from overlap.errors import AccessError, ConfigError, GuardError, TransientError
from tests.connectors.files.servers import Bucket, Google, at, sftp, web

SECRETS = {"env:ACCESS": "AKIAEXAMPLE", "env:SECRET": "s3cret", "env:PASSWORD": "pa55", "env:WRONG": "wrong"}
KEYS = {"access_key": "env:ACCESS", "secret_key": "env:SECRET"}
OLD, NEW = b"Account Name\nAlder\n", b"Account Name\nAlder\nBirch\n"


@pytest.fixture(autouse=True)
def _no_waiting() -> Iterator[None]:
    with stamina.set_testing(True, attempts=2):
        yield


@dataclass
class Bench:
    """A place with three lists, and how to fetch from it."""

    files: str
    source: SourceSettings
    put: Callable[[str, str, bytes], None]

    def fetch(self, folder: Path, **changed: Any) -> Path | None:
        return fetch_newest(self.files, self.source.model_copy(update=changed), folder, SECRETS.__getitem__)


@contextmanager
def bucket() -> Iterator[tuple[Bench, Bucket]]:
    pytest.importorskip("boto3", reason="the extra s3 is not installed")
    store = Bucket({})
    with web(store) as server:
        source = SourceSettings(endpoint=server.url, **KEYS)

        def put(name: str, day: str, content: bytes) -> None:
            store.objects[f"in/{name}"] = (at(day), content)

        yield Bench("s3://lists/in/globex*", source, put), store


@contextmanager
def folder_of_a_partner(home: Path) -> Iterator[Bench]:
    pytest.importorskip("paramiko", reason="the extra sftp is not installed")
    (home / "out").mkdir(parents=True)
    with sftp(home, "pa55") as (port, host_key):
        source = SourceSettings(username="globex", password="env:PASSWORD", host_key=host_key)

        def put(name: str, day: str, content: bytes) -> None:
            (home / "out" / name).write_bytes(content)
            os.utime(home / "out" / name, (at(day).timestamp(), at(day).timestamp()))

        yield Bench(f"sftp://127.0.0.1:{port}/out/globex*", source, put)


@pytest.fixture(params=["s3", "sftp"])
def bench(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Bench]:
    if request.param == "s3":
        with bucket() as (made, _):
            yield made
    else:
        with folder_of_a_partner(tmp_path / "theirs") as made:
            yield made


@pytest.fixture
def fetched(tmp_path: Path) -> Path:
    return tmp_path / "fetched"


# --- every place ----------------------------------------------------------------------------------------------------


def test_the_newest_list_that_is_complete_is_fetched_with_its_day(bench: Bench, fetched: Path):
    bench.put("globex-2026-02-01.csv", "2026-03-01", OLD)
    bench.put("globex-2026-03-01.csv", "2026-02-01", NEW)
    bench.put("globex-2026-04-01.csv.part", "2026-04-01", b"half")
    bench.put("initech-2026-05-01.csv", "2026-05-01", b"another")
    found = bench.fetch(fetched)
    assert found is not None
    assert (found.name, found.read_bytes()) == ("globex-2026-03-01.csv", NEW)
    assert list(fetched.iterdir()) == [found]
    bench.put("globex.csv", "2026-03-09T07:30:00", OLD)
    found = bench.fetch(fetched)
    assert found is not None
    assert as_of(found, "UTC") == at("2026-03-09T07:30:00"), "without a date in its name, its server's clock counts"
    assert list(fetched.iterdir()) == [found], "the one before is gone"


def test_nothing_that_fits_is_no_list(bench: Bench, fetched: Path):
    bench.put("initech.csv", "2026-05-01", OLD)
    assert bench.fetch(fetched) is None


def test_a_list_that_is_too_large_is_not_fetched_and_the_one_before_stays(bench: Bench, fetched: Path):
    bench.put("globex-2026-02-01.csv", "2026-03-01", OLD)
    before = bench.fetch(fetched)
    bench.put("globex-2026-03-01.csv", "2026-03-01", b"x" * 1_000_001)
    with pytest.raises(GuardError, match=r"globex-2026-03-01\.csv is larger than 1 MB; raise most_mb"):
        bench.fetch(fetched, most_mb=1)
    assert list(fetched.iterdir()) == [before]


def test_a_list_whose_size_nobody_tells_is_too_large_all_the_same(fetched: Path, monkeypatch: pytest.MonkeyPatch):
    class Silent:
        def listing(self) -> list[remote.RemoteFile]:
            return [remote.RemoteFile("globex.csv", "1", at("2026-03-01"))]

        def read(self, _: remote.RemoteFile) -> Iterator[bytes]:
            yield from (b"x" * 600_000, b"x" * 600_000)

    monkeypatch.setattr(remote, "_opened", lambda *_: nullcontext(Silent()))
    with pytest.raises(GuardError, match=r"globex\.csv is larger than 1 MB"):
        fetch_newest("gsheet:ID", SourceSettings(most_mb=1), fetched, SECRETS.__getitem__)
    assert not (fetched / "globex.csv").exists()


# --- S3 -------------------------------------------------------------------------------------------------------------


def test_what_passes_by_itself_is_tried_again_and_wrong_keys_are_not(fetched: Path):
    with bucket() as (bench, store):
        bench.put("globex.csv", "2026-03-01", OLD)
        store.failures = 1
        assert bench.fetch(fetched) is not None
        store.failures = 99
        with pytest.raises(TransientError, match="SlowDown"):
            bench.fetch(fetched)
        store.failures = 0
        with pytest.raises(AccessError, match=r"InvalidAccessKeyId.*check bucket and keys"):
            bench.fetch(fetched, access_key="env:WRONG")


def test_a_list_that_is_there_already_is_not_fetched_again(fetched: Path):
    with bucket() as (bench, store):
        bench.put("globex.csv", "2026-03-01", OLD)
        assert bench.fetch(fetched) is not None
        when, content = store.objects["in/globex.csv"]
        store.objects["in/globex.csv"] = (when, content.upper())  # nothing that its server would tell us of
        again = bench.fetch(fetched)
        assert again is not None
        assert again.read_bytes() == OLD


def test_a_list_that_changes_while_it_is_fetched_is_not_taken(fetched: Path):
    with bucket() as (bench, store):
        bench.put("globex.csv", "2026-03-01", OLD)
        for change in ({"growth": b"Cedar\n"}, {"growth": b"", "rewritten": at("2026-03-02")}):
            for name, value in change.items():
                setattr(store, name, value)
            with pytest.raises(GuardError, match=r"globex\.csv changed while it was fetched: pull again"):
                bench.fetch(fetched)
        assert list(fetched.iterdir()) == []


def test_a_name_of_a_server_is_no_path_of_ours(fetched: Path):
    with bucket() as (bench, _):
        bench.put("globex/../../../.bashrc", "2026-03-01", OLD)
        assert bench.fetch(fetched) is None, "a * does not stand for a folder"
        bench.put("globex\n\\..\\:x.csv", "2026-03-01", OLD)
        found = bench.fetch(fetched)
        assert found is not None
        assert (found.name, found.parent) == ("globex__.._.x.csv".replace("_.x", "__x"), fetched)


# --- SFTP -----------------------------------------------------------------------------------------------------------


def test_a_server_with_another_host_key_gets_no_password(tmp_path: Path, fetched: Path):
    paramiko = pytest.importorskip("paramiko", reason="the extra sftp is not installed")
    with folder_of_a_partner(tmp_path / "theirs") as bench:
        other = paramiko.ECDSAKey.generate()
        with pytest.raises(AccessError, match="another host key than"):
            bench.fetch(fetched, host_key=f"{other.get_name()} {other.get_base64()}")
        with pytest.raises(ConfigError, match=r"host_key of .* is no key"):
            bench.fetch(fetched, host_key="ssh-rsa nonsense")
        with pytest.raises(AccessError, match="check username, password"):
            bench.fetch(fetched, password="env:WRONG")


@pytest.mark.parametrize("kind", ["ed25519", "ecdsa", "rsa"])
def test_a_private_key_lets_us_in(tmp_path: Path, fetched: Path, kind: str):
    pytest.importorskip("paramiko", reason="the extra sftp is not installed")
    private = {
        "ed25519": ed25519.Ed25519PrivateKey.generate,
        "ecdsa": lambda: ec.generate_private_key(ec.SECP256R1()),
        "rsa": lambda: rsa.generate_private_key(public_exponent=65537, key_size=2048),
    }[kind]()
    plain = serialization.NoEncryption()
    text = private.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.OpenSSH, plain)
    public = private.public_key().public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH)
    secrets = {"env:KEY": text.decode().strip()}
    (tmp_path / "globex.csv").write_bytes(OLD)
    with sftp(tmp_path, "pa55", [public.decode().split()[1]]) as (port, host_key):
        source = SourceSettings(username="globex", private_key="env:KEY", host_key=host_key)
        found = fetch_newest(f"sftp://127.0.0.1:{port}/globex*", source, fetched, secrets.__getitem__)
        assert found is not None
        secrets["env:KEY"] = "no key"
        with pytest.raises(ConfigError, match="private_key is no key without a passphrase"):
            fetch_newest(f"sftp://127.0.0.1:{port}/globex*", source, fetched, secrets.__getitem__)


def test_a_link_on_a_server_is_not_followed(tmp_path: Path, fetched: Path):
    with folder_of_a_partner(tmp_path / "theirs") as bench:
        (tmp_path / "secret").write_bytes(OLD)
        (tmp_path / "theirs/out/globex.csv").symlink_to(tmp_path / "secret")
        assert bench.fetch(fetched) is None


# --- Google Sheets --------------------------------------------------------------------------------------------------


def test_a_sheet_is_exported_for_the_service_account_and_a_stranger_is_told_with_whom_to_share_it(fetched: Path):
    pytest.importorskip("google.oauth2.service_account", reason="the extra sheets is not installed")
    private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()
    public = private.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    google = Google(
        public.decode(),
        {"/spreadsheets/d/1AbC/export?format=xlsx": NEW, "/spreadsheets/d/1AbC/export?format=csv&gid=7": OLD},
    )
    with web(google) as server:
        account = {"client_email": "reader@acme.example", "private_key": pem, "token_uri": f"{server.url}/token"}
        SECRETS["env:ACCOUNT"] = json.dumps({"type": "service_account", **account})
        source = SourceSettings(service_account="env:ACCOUNT", endpoint=server.url)

        def fetch(files: str, most_mb: int = 2) -> Path | None:
            limited = source.model_copy(update={"most_mb": most_mb})
            return fetch_newest(files, limited, fetched, SECRETS.__getitem__)

        whole = fetch("gsheet:1AbC#Customers")
        assert whole is not None
        assert (whole.suffix, whole.read_bytes()) == (".xlsx", NEW)
        one = fetch("https://docs.google.com/spreadsheets/d/1AbC/edit#gid=7")
        assert one is not None
        assert (one.suffix, one.read_bytes()) == (".csv", OLD)
        google.sheets["/spreadsheets/d/huge/export?format=xlsx"] = b"x" * 1_000_001
        with pytest.raises(GuardError, match="larger than 1 MB"):
            fetch("gsheet:huge", most_mb=1)  # nobody says its size beforehand
        with pytest.raises(AccessError, match=r"share it with reader@acme\.example"):
            fetch("gsheet:another")
        SECRETS["env:ACCOUNT"] = "no key"
        with pytest.raises(ConfigError, match="not the JSON key"):
            fetch("gsheet:1AbC")


# --- settings -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("files", "of"),
    [
        ("inbox/globex*", None),
        ("s3://b/p*", "s3"),
        ("sftp://h/p*", "sftp"),
        ("gsheet:1#A", "gsheet"),
        ("https://docs.google.com/spreadsheets/d/1/edit", "gsheet"),
    ],
)
def test_the_kind_of_place_is_told_by_the_address(files: str, of: str | None):
    assert kind(files) == of


def test_a_sheet_s_name_stands_for_the_setting_sheet():
    assert sheet_of("gsheet:1#Our customers") == ("1", "Our customers", None)
    partner = PartnerSettings(name="G", files="gsheet:1#A b", source=SourceSettings(service_account="env:X"))
    assert partner.sheet == "A b"


@pytest.mark.parametrize(
    ("files", "source", "says"),
    [
        ("ftp://h/x*", {}, "write a pattern of this workspace"),
        ("sftp://h/x*", {"username": "u", "password": "env:P"}, "host_key is missing"),
        ("sftp://h/x*", {"host_key": "ssh-rsa A"}, "needs username, and password or private_key"),
        ("s3://b/x*", {"access_key": "env:A"}, "belong together"),
        ("gsheet:1", {}, "service_account is missing"),
        ("s3://b/x*", {"endpoint": "http://s3.example"}, "no address that secrets may be sent to"),
        ("s3://b/x*", {"access_key": "AKIA123"}, "write where the secret is, not the secret"),
    ],
)
def test_a_source_that_lacks_something_is_refused_with_what_it_lacks(files: str, source: dict, says: str):
    with pytest.raises(ValueError, match=says):
        PartnerSettings(name="G", files=files, source=source)


def test_a_star_does_not_stand_for_a_folder():
    assert fits("in/globex-1.csv", "in/globex*")
    assert not fits("in/globex/1.csv", "in/globex*")


def test_a_missing_extra_is_an_error_that_names_the_command(monkeypatch: pytest.MonkeyPatch, fetched: Path):
    monkeypatch.setitem(__import__("sys").modules, "boto3", None)
    with pytest.raises(ConfigError, match=r"pip install 'overlap-engine\[s3\]'"):
        fetch_newest("s3://b/x*", SourceSettings(), fetched, SECRETS.__getitem__)
    assert remote.missing("p", "e", "w").exit_code == 2
