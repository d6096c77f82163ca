"""Who sits at the keyboard: what people decide is written down with a name.

Only finding the name out belongs here.
"""

from __future__ import annotations

import subprocess


def name_in_git() -> str:
    """git's user.name; empty where there is none, or no git."""
    try:
        told = subprocess.run(
            ["git", "config", "user.name"], capture_output=True, text=True, timeout=10, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return told.stdout.strip()
