"""`make test-superset` runs all that is here; `make test` what needs no Superset."""

from __future__ import annotations

import os

collect_ignore_glob = [] if os.environ.get("LABORLEDGER_SUPERSET_TESTS") else ["test_superset.py"]
