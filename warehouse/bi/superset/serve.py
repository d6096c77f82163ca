"""`make superset`: Superset on 127.0.0.1 with the ledger's dashboard, reading the published file.

python serve.py FILE --kept-in DIR --port N [--python PYTHON]    PYTHON is that of Superset's environment

What Superset keeps (its users, its secret key) lies in DIR, for its owner's eyes alone. A second start
brings the dashboard as code up to date, and nothing else. Only the standard library is used here.
"""

from __future__ import annotations

import argparse
import os
import secrets
import socket
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
ADMIN = "admin"
GUNICORN = (
    *("-m", "gunicorn", "--workers", "1", "--worker-class", "gthread", "--threads", "8", "--timeout", "120"),
    *("--keep-alive", "75", "--no-control-socket", "superset.app:create_app()"),
)


def main() -> int:
    """Prepare what is missing, load the dashboard, and become the server."""
    asked = arguments()
    file: Path = asked.file.absolute()
    if not file.exists():
        print(f"make superset: there is no published file {file}; make one: make run", file=sys.stderr)
        return 1
    if is_taken(asked.port):
        print(f"make superset: port {asked.port} is taken; choose another: PORT=8089", file=sys.stderr)
        return 1
    environment = prepare(asked.kept_in.absolute())
    first_start(asked.python, environment, asked.kept_in.absolute())
    run(asked.python, environment, str(HERE / "load.py"), str(file))
    print(f"Superset on http://127.0.0.1:{asked.port}/superset/dashboard/labor-ledger/", flush=True)
    print(f"user {ADMIN}, password in {asked.kept_in / 'password'}; Ctrl-C stops it", flush=True)
    command = (asked.python, *GUNICORN, "--bind", f"127.0.0.1:{asked.port}")
    os.execve(asked.python, command, environment)


def arguments() -> argparse.Namespace:
    """What was asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("file", type=Path, help="the published DuckDB file")
    parser.add_argument("--kept-in", type=Path, required=True, help="folder of what Superset keeps")
    parser.add_argument("--port", type=int, default=8088)
    parser.add_argument("--python", default=sys.executable, help="Python of Superset's environment")
    return parser.parse_args()


def is_taken(port: int) -> bool:
    """Whether something listens there already."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def prepare(kept_in: Path) -> dict[str, str]:
    """The folder and its secrets; gives the environment that Superset runs in."""
    kept_in.mkdir(parents=True, exist_ok=True)
    kept_in.chmod(0o700)
    for name, length in (("secret-key", 48), ("password", 12)):
        secret(kept_in / name, length)
    ours = {
        "LABORLEDGER_SUPERSET": str(kept_in), "SUPERSET_CONFIG_PATH": str(HERE / "superset_config.py"),
        "FLASK_APP": "superset.app:create_app()", "SUPERSET_LOAD_EXAMPLES": "no", "PYTHONWARNINGS": "ignore",
    }  # fmt: skip
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("SUPERSET", "FLASK"))}
    return kept | ours


def secret(path: Path, length: int) -> None:
    """A random secret, made once, that only its owner reads."""
    if not path.exists():
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(secrets.token_urlsafe(length) + "\n")


def first_start(python: str, environment: dict[str, str], kept_in: Path) -> None:
    """Superset's own tables and roles; nothing where they are there."""
    done = kept_in / "prepared"
    if done.exists():
        return
    print("preparing Superset (about a minute, once)", flush=True)
    superset = str(Path(python).with_name("superset"))
    run(superset, environment, "db", "upgrade")
    run(superset, environment, "init")
    done.touch()


def run(program: str, environment: dict[str, str], *words: str) -> None:
    """One step; what it says is shown only where it fails."""
    told = subprocess.run([program, *words], env=environment, capture_output=True, text=True)
    if told.returncode:
        print(told.stdout[-2000:], told.stderr[-4000:], sep="\n", file=sys.stderr)
        sys.exit("make superset: the step above failed; remove the kept-in folder to begin anew")


if __name__ == "__main__":
    sys.exit(main())
