"""Outlet to Article: HTTP, WARC and HTML; nothing of Dagster, DuckDB or figures."""
