"""What stands in docs/deploy holds what docs/service.md promises of it, as far as that shows without Docker."""

from __future__ import annotations

import ast
import configparser
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from config.schedules import ServiceSettings

DEPLOY = Path(__file__).parents[1] / "docs" / "deploy"
GRACE_S = ServiceSettings().grace_s


def lines(name: str) -> list[str]:
    text = (DEPLOY / name).read_text(encoding="utf-8").replace("\\\n", " ")
    return [re.sub(r" +", " ", line) for line in text.splitlines() if line and not line.startswith("#")]


def last(starting: str) -> int:
    return max(at for at, line in enumerate(lines("Dockerfile")) if line.startswith(starting))


def test_the_image_is_made_of_the_lock_by_hashes_and_runs_as_nobody_special():
    said = lines("Dockerfile")
    installs = [line for line in said if "pip install" in line]
    assert all("--require-hashes -r requirements.lock" in line or "--no-deps" in line for line in installs), installs
    assert said[last("USER")] == "USER 10001:10001"
    assert last("FROM") < last("USER") < last("ENTRYPOINT")
    assert said[last("VOLUME")] == "VOLUME /workspace"
    copied = {line.split()[1] for line in said if line.startswith("COPY ") and line.split()[1] == line.split()[-1]}
    assert copied == {"overlap", "config", "connectors", "matching", "jobs"}


def test_the_healthcheck_asks_where_the_service_answers():
    (check,) = re.findall(r'"-c", "(.*)"\]', lines("Dockerfile")[last("HEALTHCHECK")])
    ast.parse(check)
    settings = ServiceSettings()
    assert f"http://{settings.host}:{settings.port}/healthz" in check


def test_whoever_stops_it_waits_longer_than_a_run_needs_to_end_in_good_order():
    yaml = pytest.importorskip("yaml", reason="no parser of YAML is installed")
    compose = yaml.safe_load((DEPLOY / "compose.yaml").read_text())["services"]["overlap"]
    job = yaml.safe_load((DEPLOY / "cronjob.yaml").read_text())["spec"]
    pod = job["jobTemplate"]["spec"]["template"]["spec"]
    assert int(compose["stop_grace_period"].removesuffix("s")) > 2 * GRACE_S
    assert pod["terminationGracePeriodSeconds"] > 2 * GRACE_S
    assert (compose["read_only"], compose["cap_drop"], job["concurrencyPolicy"]) == (True, ["ALL"], "Forbid")
    assert "ports" not in compose
    assert pod["containers"][0]["args"][:2] == ["run", "--once"]


def test_the_unit_stops_the_service_alone_and_gives_it_time():
    unit = configparser.ConfigParser(strict=True, interpolation=None)
    unit.optionxform = str
    unit.read(DEPLOY / "overlap.service")
    service = unit["Service"]
    assert service["KillMode"] == "mixed"
    assert int(service["TimeoutStopSec"]) > 2 * GRACE_S
    assert (service["User"], service["NoNewPrivileges"], service["ProtectSystem"]) == ("overlap", "yes", "strict")
    assert "MemoryDenyWriteExecute" not in service, "matching is compiled as it runs"


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd-analyze on this machine")
def test_systemd_finds_nothing_wrong_with_the_unit(tmp_path: Path):
    unit = tmp_path / "overlap.service"
    unit.write_text((DEPLOY / "overlap.service").read_text().replace("/opt/overlap/bin/overlap", "/bin/true"))
    done = subprocess.run(["systemd-analyze", "verify", "--man=no", unit], capture_output=True, text=True)
    ours = [line for line in done.stderr.splitlines() if "overlap.service" in line]
    assert ours == []
