"""What a test needs beyond the locked environment: without it the test skips and names the cure.

Under `CI=true` such a skip is a failure, so that nothing goes untested there unseen.
"""

from __future__ import annotations

import os

import pytest


def needs(condition: object, cure: str) -> None:
    """Skip the test unless `condition` holds; `cure` says what to run, such as `make setup-drivers`."""
    if condition:
        return
    if os.environ.get("CI") == "true":
        pytest.fail(f"needs {cure}, and under CI=true nothing may be skipped", pytrace=False)
    pytest.skip(f"needs {cure}")
