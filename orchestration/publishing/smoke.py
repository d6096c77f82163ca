"""Open a published file as a stranger does and ask it a few questions: a script for a fresh process.

    python smoke.py FILE      prints {"duckdb", "rows", "uncommented"} as JSON; exit status 1 and why

It imports DuckDB and the standard library alone and keeps to old SQL, so that any DuckDB from 1.0 on
runs it. What the rows say is checked by dbt tests, not here.
"""

import json
import sys
from pathlib import Path

import duckdb

JOINED = """
    select count(*) from marts.fct_claims c
    join marts.dim_articles a on a.article_id = c.article_id
    join marts.dim_sources s on s.source_id = c.source_id
    join marts.dim_countries n on n.country_code = c.country_code
    join marts.dim_sectors t on t.sector_code = c.sector_code
"""


class Unfit(Exception):
    """The file must not be published."""


def smoke(file: Path) -> dict[str, object]:
    """Rows by mart, and the names that carry no comment. Raises Unfit or duckdb.Error."""
    with duckdb.connect(str(file), read_only=True) as connection:
        connection.execute("set enable_progress_bar = false")
        rows = _count_rows(connection)
        _check_joins(connection, rows["fct_claims"])
        _check_plain(connection)
        uncommented = _uncommented(connection)
    _check_alias(file, rows)
    if file.with_name(file.name + ".wal").exists():
        raise Unfit(f"{file.name}.wal lies beside the file")
    return {"duckdb": duckdb.__version__, "rows": rows, "uncommented": uncommented}


def _one(connection: duckdb.DuckDBPyConnection, query: str) -> int:
    found = connection.execute(query).fetchone()
    return int(found[0]) if found else 0


def _count_rows(connection: duckdb.DuckDBPyConnection) -> dict[str, int]:
    """Rows of each mart, with every value read: a count alone would not touch a broken block."""
    names = connection.execute(
        "select table_name from duckdb_tables() where schema_name = 'marts'"
    ).fetchall()
    quoted = {name: '"' + name.replace('"', '""') + '"' for (name,) in sorted(names)}
    rows = {
        name: _one(connection, f"select count(hash(whole_row)) from marts.{q} whole_row")
        for name, q in quoted.items()
    }
    if "fct_claims" not in rows:
        raise Unfit("there is no marts.fct_claims")
    return rows


def _check_joins(connection: duckdb.DuckDBPyConnection, claims: int) -> None:
    joined = _one(connection, JOINED)
    if joined != claims:
        raise Unfit(f"fct_claims has {claims} rows, and {joined} once joined to its dimensions")


def _check_plain(connection: duckdb.DuckDBPyConnection) -> None:
    """Old versions refuse what is more than plain tables."""
    for kind in ("constraints", "indexes"):
        if found := _one(connection, f"select count(*) from duckdb_{kind}()"):
            raise Unfit(f"the file holds {found} {kind}; published tables carry none")


def _check_alias(file: Path, rows: dict[str, int]) -> None:
    path = str(file).replace("'", "''")
    with duckdb.connect() as connection:
        connection.execute("set enable_progress_bar = false")
        connection.execute(f"attach '{path}' as another_name (read_only)")
        for name in rows:
            quoted = name.replace('"', '""')
            if _one(connection, f'select count(*) from another_name.marts."{quoted}"') != rows[name]:
                raise Unfit(f"{name} differs when the file is attached under another name")


def _uncommented(connection: duckdb.DuckDBPyConnection) -> list[str]:
    found = connection.execute(
        "select table_name from duckdb_tables() where schema_name = 'marts' and comment is null "
        "union all select table_name || '.' || column_name from duckdb_columns() "
        "where schema_name = 'marts' and comment is null order by 1"
    ).fetchall()
    return [name for (name,) in found]


def main() -> None:
    """Print the answer for the file named on the command line."""
    try:
        print(json.dumps(smoke(Path(sys.argv[1]))))
    except (Unfit, duckdb.Error) as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
