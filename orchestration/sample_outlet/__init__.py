"""The embedded outlet that `make run` scrapes: its articles and its small HTTP server."""
