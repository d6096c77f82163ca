"""Brings the dashboard as code into Superset: run by `serve.py` with Superset's own Python.

python load.py FILE    FILE is the published DuckDB file

What is in `assets/` replaces what Superset holds of it; what people made themselves stays. Descriptions of
columns are those of the published file.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import duckdb
import yaml

ASSETS = Path(__file__).with_name("assets")
PLACE = "{file}"
ADMIN = "admin"


def contents(file: Path) -> dict[str, str]:
    """The assets as Superset takes them, with the published file's path put in."""
    found = {
        str(path.relative_to(ASSETS)): path.read_text(encoding="utf-8") for path in ASSETS.rglob("*.yaml")
    }
    return {name: text.replace(PLACE, str(file)) for name, text in found.items()}


def comments(file: Path) -> dict[str, str]:
    """What each column means; where several tables have one of that name, as its widest table says."""
    with duckdb.connect(str(file), read_only=True) as connection:
        rows = connection.execute(
            "select column_name, arg_max(comment, table_name = 'fct_claims') from duckdb_columns() "
            "where schema_name = 'marts' and comment is not null group by 1"
        ).fetchall()
    return dict(rows)


def load(file: Path) -> None:
    """Import all, and learn the columns of each dataset from the file."""
    from flask import g
    from superset.app import create_app

    with create_app().app_context():
        from superset import db, security_manager
        from superset.commands.importers.v1.assets import ImportAssetsCommand
        from superset.connectors.sqla.models import SqlaTable

        g.user = security_manager.find_user(username=ADMIN) or _first_user(security_manager)
        ImportAssetsCommand(contents(file)).run()
        told = comments(file)
        texts = (path.read_text(encoding="utf-8") for path in ASSETS.glob("datasets/*/*.yaml"))
        ours = {yaml.safe_load(text)["uuid"] for text in texts}
        for dataset in db.session.query(SqlaTable).all():
            if str(dataset.uuid) in ours:
                _describe(dataset, told)
        db.session.commit()


def _first_user(manager: Any) -> Any:
    """Superset's one user, with the password that `serve.py` made."""
    password = (Path(os.environ["LABORLEDGER_SUPERSET"]) / "password").read_text(encoding="ascii").strip()
    role = manager.find_role("Admin")
    manager.add_user(ADMIN, "Labor", "Ledger", "admin@localhost", role, password=password)
    return manager.find_user(username=ADMIN)


def _describe(dataset: Any, told: dict[str, str]) -> None:
    dataset.fetch_metadata()
    for column in dataset.columns:
        column.description = told.get(column.column_name, column.description)


if __name__ == "__main__":
    load(Path(sys.argv[1]))
