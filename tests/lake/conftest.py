"""Collects these tests only where the lake was asked for: its packages are not in the locked environment."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import pytest

from orchestration.lake import CATALOG, DATA, DUCKLAKE, TARGET, Lake

IS_ASKED = bool(os.environ.get("LABORLEDGER_LAKE_TESTS"))
collect_ignore_glob = [] if IS_ASKED else ["test_*.py"]
MakeLake = Callable[[], Lake]

if IS_ASKED:
    from moto.server import ThreadedMotoServer

    from tests.lake.postgres import new_database, postgres

    @pytest.fixture(scope="session")
    def database_port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
        with postgres(tmp_path_factory.mktemp("server")) as port:
            yield port

    @pytest.fixture(scope="session")
    def store() -> Iterator[dict[str, str]]:
        """The variables by which clients know an object store on loopback."""
        server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
        server.start()
        host, port = server.get_host_and_port()
        yield {
            "AWS_ENDPOINT_URL": f"http://{host}:{port}",
            "AWS_ACCESS_KEY_ID": "testing",
            "AWS_SECRET_ACCESS_KEY": "secret-of-the-store",
            "AWS_DEFAULT_REGION": "us-east-1",
        }
        server.stop()

    @pytest.fixture(scope="session")
    def new_lake(database_port: int, store: dict[str, str]) -> MakeLake:
        """Makes empty lakes: a catalog in PostgreSQL, data in a bucket of their own."""
        import boto3

        numbers = count(1)

        def make() -> Lake:
            name = f"lake-{next(numbers)}"
            boto3.client("s3", endpoint_url=store["AWS_ENDPOINT_URL"]).create_bucket(Bucket=name)
            return Lake(f"postgres:{new_database(database_port, name)}", f"s3://{name}/ledger/")

        with pytest.MonkeyPatch.context() as environment:
            for variable, value in store.items():
                environment.setenv(variable, value)
            yield make  # type: ignore[misc]


def variables(lake: Lake) -> dict[str, str]:
    """What tells a command of a lake."""
    return {TARGET: DUCKLAKE, CATALOG: lake.catalog, DATA: lake.data}


def file_lake(folder: Path) -> Lake:
    """An empty lake whose catalog is a file: enough where one process writes."""
    return Lake(str(folder / "catalog.ducklake"), str(folder / "data"))
