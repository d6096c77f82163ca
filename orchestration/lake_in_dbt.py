"""What dbt's connection needs before its profile attaches the lake: extensions and the store's keys.

The profile names this module; dbt-duckdb asks for a class of this name.
"""

from __future__ import annotations

from typing import Any

from dbt.adapters.duckdb.plugins import BasePlugin

from orchestration.lake import Lake


class Plugin(BasePlugin):
    """Prepares the connection; the lake is the environment's."""

    def configure_connection(self, conn: Any) -> None:
        """Load the extensions; dbt calls this before it attaches."""
        if lake := Lake.from_environment():
            lake.prepare(conn)
