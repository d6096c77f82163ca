"""The files that start the ledger on a server, held by the tools that read them: systemd, Docker's linter,
the schema of compose files, Caddy, nginx. That the image runs is `tests/deploy`'s.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from configparser import ConfigParser
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml

from orchestration.home import ROOT
from tests.browser import free_port
from tests.needs import needs

DEPLOY = ROOT / "orchestration" / "deploy"
UNITS = sorted((DEPLOY / "systemd").glob("*.service"))
COMPOSE: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
BIN = Path(sys.executable).parent
EXPOSED_AT_MOST = 2.0
"""Of 10, by `systemd-analyze security`."""


def said(*command: object, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(word) for word in command], capture_output=True, text=True, check=False, env=os.environ | env
    )


def unit(path: Path) -> ConfigParser:
    parsed = ConfigParser(strict=False, interpolation=None)
    parsed.optionxform = str  # type: ignore[assignment,method-assign]
    parsed.read_string(path.read_text())
    return parsed


@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.stem)
class TestUnits:
    def test_systemd_understands_it(self, path: Path, tmp_path: Path) -> None:
        needs(shutil.which("systemd-analyze"), "systemd (make setup-system)")
        for folder in ("/usr/lib/systemd/system", "/lib/systemd/system"):
            if Path(folder).is_dir() and not (tmp_path / folder.lstrip("/")).exists():
                shutil.copytree(folder, tmp_path / folder.lstrip("/"), symlinks=True)
        units = tmp_path / "etc/systemd/system"
        units.mkdir(parents=True)
        for one in UNITS:
            shutil.copy(one, units)
        program = tmp_path / "opt/laborledger/.venv/bin/laborledger"
        program.parent.mkdir(parents=True)
        program.write_text("#!/bin/sh\n")
        program.chmod(0o755)
        told = said("systemd-analyze", "verify", f"--root={tmp_path}", "--man=no", path.name)
        ours = [line for line in told.stderr.splitlines() if "laborledger" in line]
        assert (told.returncode, ours) == (0, [])

    def test_little_is_open_to_it(self, path: Path) -> None:
        needs(shutil.which("systemd-analyze"), "systemd (make setup-system)")
        told = said("systemd-analyze", "security", "--offline=true", "--no-pager", path)
        level = re.search(r"exposure level for \S+: ([\d.]+)", told.stdout)
        assert level, told.stderr
        assert float(level[1]) <= EXPOSED_AT_MOST

    def test_it_writes_into_the_home_alone(self, path: Path) -> None:
        service = unit(path)["Service"]
        assert service["ProtectSystem"] == "strict"
        assert service["ReadWritePaths"] == "/var/lib/laborledger"
        assert service["User"] == "laborledger"


def test_the_code_server_alone_is_asked_to_stop_and_waits_for_its_run() -> None:
    service = unit(DEPLOY / "systemd" / "laborledger-code.service")["Service"]
    assert (service["KillMode"], service["TimeoutStopSec"]) == ("mixed", "30min")


def test_the_ui_listens_on_this_machine_alone() -> None:
    service = unit(DEPLOY / "systemd" / "laborledger-web.service")["Service"]
    assert "--host 127.0.0.1" in service["ExecStart"]
    assert COMPOSE["services"]["web"]["ports"] == ["127.0.0.1:3000:3000"]


def test_each_setting_that_the_examples_name_is_one_that_the_ledger_reads() -> None:
    named = set(re.findall(r"(LABORLEDGER_\w+)", (DEPLOY / "systemd" / "laborledger.env").read_text()))
    named |= set(re.findall(r"(LABORLEDGER_\w+)", (DEPLOY / "compose.yaml").read_text()))
    source = "\n".join(path.read_text() for path in (ROOT / "orchestration").rglob("*.py"))
    assert named == {name for name in named if f'"{name}"' in source}
    assert {"LABORLEDGER_HOME", "LABORLEDGER_CONTACT", "LABORLEDGER_NOTIFY"} <= named


def test_the_linter_finds_nothing_in_the_dockerfile() -> None:
    told = said(BIN / "hadolint", DEPLOY / "Dockerfile")
    assert (told.returncode, told.stdout) == (0, "")


def test_the_compose_file_is_one_by_the_specification() -> None:
    told = said(BIN / "check-jsonschema", "--builtin-schema", "vendor.compose-spec", DEPLOY / "compose.yaml")
    assert told.returncode == 0, told.stdout


@pytest.mark.parametrize("name", sorted(COMPOSE["services"]))
def test_a_service_can_do_no_more_than_it_must(name: str) -> None:
    service = COMPOSE["services"][name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["restart"] == "unless-stopped"
    assert service["volumes"] == ["home:/var/lib/laborledger"]
    assert service["healthcheck"]["test"] == ["CMD", "laborledger", "healthy", name]
    assert {"stop_grace_period", "mem_limit"} <= service.keys()
    assert not {"privileged", "user", "pid", "devices"} & service.keys()


def test_no_secret_of_a_checkout_reaches_the_image(tmp_path: Path) -> None:
    from tests.deploy.image import context

    secret = DEPLOY / "secret.env"
    secret.write_text("LABORLEDGER_NOTIFY=mailtos://user:password@example.org\n")
    try:
        sent = set(context())
    finally:
        secret.unlink()
    assert {"requirements.lock", "dbt_project/profiles.yml", "warehouse/reviews.csv"} <= sent
    kept_out = [path for path in sent if path.startswith((".git", ".venv", ".cache", "tests/", "training/"))]
    assert [path for path in kept_out if path != ".gitignore"] == []
    assert not [path for path in sent if path.endswith((".env", ".duckdb"))]


def test_nginx_takes_its_example(tmp_path: Path) -> None:
    needs(shutil.which("nginx") and shutil.which("openssl"), "nginx and openssl (make setup-system)")
    key, certificate = tmp_path / "privkey.pem", tmp_path / "fullchain.pem"
    made = said(
        *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=ledger.example.org"),
        *("-keyout", key, "-out", certificate),
    )
    assert made.returncode == 0, made.stderr
    example = (DEPLOY / "proxy" / "nginx.conf").read_text().replace("/etc/ssl/ledger", str(tmp_path))
    (tmp_path / "nginx.conf").write_text(
        f"pid {tmp_path}/pid; error_log stderr; events {{}} http {{ access_log off; {example} }}"
    )
    told = said("nginx", "-t", "-p", tmp_path, "-c", tmp_path / "nginx.conf")
    assert told.returncode == 0, told.stderr


@contextmanager
def caddy(tmp_path: Path, port: int, upstream: int) -> Iterator[None]:
    """Caddy with the example, on loopback and without TLS."""
    hashed = said("caddy", "hash-password", "--plaintext", "open sesame").stdout.strip()
    example = (DEPLOY / "proxy" / "Caddyfile").read_text().replace("127.0.0.1:3000", f"127.0.0.1:{upstream}")
    config = tmp_path / "Caddyfile"
    config.write_text("{\n\tadmin off\n}\n" + example)
    env = {
        **{"LEDGER_HOST": f"http://127.0.0.1:{port}", "LEDGER_PASSWORD_HASH": hashed},
        **{"XDG_DATA_HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path), "HOME": str(tmp_path)},
    }
    checked = said("caddy", "validate", "--adapter", "caddyfile", "--config", config, **env)
    assert checked.returncode == 0, checked.stderr
    with (tmp_path / "caddy.log").open("wb") as log:
        command = ["caddy", "run", "--adapter", "caddyfile", "--config", str(config)]
        process = subprocess.Popen(command, env=os.environ | env, stdout=log, stderr=log)
    try:
        yield
    finally:
        process.terminate()
        process.wait()


def test_caddy_asks_for_the_password_and_then_passes_all_on(tmp_path: Path) -> None:
    needs(shutil.which("caddy"), "caddy (make setup-system)")
    (tmp_path / "web").mkdir()
    (tmp_path / "web" / "index.html").write_text("the UI")
    port, upstream = free_port(), free_port()
    serving = [sys.executable, "-m", "http.server", str(upstream), "--bind", "127.0.0.1"]
    quiet = subprocess.DEVNULL
    server = subprocess.Popen(serving, cwd=tmp_path / "web", stdout=quiet, stderr=quiet)
    try:
        with caddy(tmp_path, port, upstream):
            address = f"http://127.0.0.1:{port}/"
            assert _answer(address, None) == (401, "")
            assert _answer(address, "bGVkZ2VyOm9wZW4gc2VzYW1l") == (200, "the UI")
            assert _answer(address, "bGVkZ2VyOndyb25n") == (401, "")
    finally:
        server.terminate()
        server.wait()


def _answer(address: str, basic: str | None) -> tuple[int, str]:
    """Status and body, as soon as both servers are there."""
    asked = urllib.request.Request(address, headers={"Authorization": f"Basic {basic}"} if basic else {})
    for _ in range(100):
        try:
            with urllib.request.urlopen(asked, timeout=10) as response:
                return response.status, response.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                if error.code != 502:
                    return error.code, error.read().decode()
        except OSError:
            pass
        time.sleep(0.1)
    pytest.fail("nobody answers")
