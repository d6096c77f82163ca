"""`laborledger publish`: publishes what is built, forces what the gate refused, goes back.

Only the conversation belongs here; what may be published is for `publishing` to say.
"""

from __future__ import annotations

from datetime import UTC, datetime

from rich.console import Console

from orchestration.home import Home
from orchestration.ledger import LedgerError, writer_lock
from orchestration.person import name_in_git
from orchestration.publishing import PublishError
from orchestration.publishing.builds import Builds
from orchestration.publishing.manifest import Forced
from orchestration.publishing.publish import Published, publish
from orchestration.publishing.rollback import go_back

BY_HAND = "by hand"
out, err = Console(highlight=False), Console(stderr=True, highlight=False)


def republish(home: Home, reason: str | None, to: str | None, by: str | None) -> int:
    """Publish the home's build, or go back `to` another; gives the exit status."""
    try:
        who = by or name_in_git()
        if (reason is not None or to) and not who:
            raise PublishError("git has no user.name: say who decides with --by NAME")
        if reason is not None and not reason.strip():
            raise PublishError("say why: --force REASON is kept with the build")
        with writer_lock(home):
            if to:
                _go_back(home, to, who)
            else:
                forced = Forced(who, reason.strip()) if reason is not None else None
                _show(publish(home, BY_HAND, datetime.now(UTC), forced))
    except (PublishError, LedgerError, OSError) as error:
        err.print(f"laborledger publish: {error}", style="red", markup=False, soft_wrap=True)
        return 1
    return 0


def _go_back(home: Home, build_id: str, who: str) -> None:
    done = go_back(Builds(home.published), build_id, who, f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC")
    out.print(f"{'readers see' if done else 'already current:'} {build_id}", markup=False)
    if done and done.left != build_id:
        out.print("it stays until a run has something else to say than what was gone back from", markup=False)


def _show(published: Published) -> None:
    for warning in published.warnings:
        err.print(f"  {warning}", style="yellow", markup=False, soft_wrap=True)
    state = "published" if published.changed else "nothing changed; still current"
    out.print(f"{state}: {published.build}\n{published.path}", markup=False, soft_wrap=True)
