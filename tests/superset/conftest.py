"""`make test-superset` runs what is here; `make test` does not."""

from __future__ import annotations

import os

collect_ignore_glob = [] if os.environ.get("LABORLEDGER_SUPERSET_TESTS") else ["test_*.py"]
