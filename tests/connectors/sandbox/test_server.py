import os
import socket
import stat

import pytest
import requests

from connectors.sandbox.server import read_address, serve
from connectors.sandbox.store import Store
from overlap.errors import ConfigError
from tests.sandbox import running_sandbox


def versions(address):
    with requests.Session() as session:
        session.trust_env = False
        return session.get(f"{address.url}/services/data", verify=address.ca_file).json()


def test_a_second_start_goes_on_where_the_first_one_stopped(tmp_path):
    with running_sandbox(tmp_path) as first:
        assert [entry["version"] for entry in versions(first)][::27] == ["41.0", "68.0"]
        assert read_address(tmp_path) == first
    with Store.open(tmp_path) as store:
        store.create("Account", {"Name": "Acme"})
    with running_sandbox(tmp_path) as second:
        assert second == first, "address, authority and credentials stay"
        assert versions(second)
        with Store.open(tmp_path) as store:
            assert [record["Name"] for record in store.records("Account")] == ["Acme"]


def test_takes_another_port_if_the_last_one_is_gone(tmp_path):
    with running_sandbox(tmp_path) as first:
        pass
    with socket.socket() as squatter:
        squatter.bind(("127.0.0.1", int(first.url.rpartition(":")[2])))
        squatter.listen()
        with running_sandbox(tmp_path) as second:
            assert second.url != first.url
            assert versions(second)


def test_refuses_a_second_server_in_one_folder(tmp_path):
    with running_sandbox(tmp_path), pytest.raises(ConfigError, match="already runs in"):
        serve(tmp_path)


def test_refuses_a_port_that_is_taken(tmp_path):
    with socket.socket() as squatter:
        squatter.bind(("127.0.0.1", 0))
        squatter.listen()
        port = squatter.getsockname()[1]
        with pytest.raises(ConfigError, match=f"port {port} is taken"):
            serve(tmp_path, port)


def test_says_how_to_start_where_none_ever_ran(tmp_path):
    with pytest.raises(ConfigError, match="start one with 'overlap sandbox salesforce --dir'"):
        read_address(tmp_path)


@pytest.mark.skipif(os.name != "posix", reason="modes are a POSIX matter")
def test_keeps_secrets_from_other_users(tmp_path):
    with running_sandbox(tmp_path):
        for name in ("sandbox.json", "server.pem", "salesforce.sqlite"):
            assert stat.S_IMODE((tmp_path / name).stat().st_mode) == 0o600, name
