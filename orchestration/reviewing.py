"""`laborledger review CLAIM_ID`: shows a published claim, and writes what a person decides of it.

Only the conversation belongs here: what a claim says is the published file's to tell, what a decision may
be is the business of `reviews`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from orchestration.home import REVIEWS_FILE, Home
from orchestration.person import name_in_git
from orchestration.publishing.answers import shown
from orchestration.publishing.query import QueryError, claim_fields
from orchestration.records import Review
from orchestration.reviews import ReviewsError, add_review, read_reviews, review_of

HOW = (
    "where it comes from: laborledger why {0}\n"
    "to decide: laborledger review {0} --decision confirm|reject|fix|merge|split --reason TEXT (see --help)"
)
out, err = Console(highlight=False), Console(stderr=True, highlight=False)


def review_claim(home: Home, claim_id: str, file: Path | None, decision: Mapping[str, str | None]) -> int:
    """Show a claim, or write a decision on it; gives the exit status."""
    path = file or REVIEWS_FILE
    try:
        fields = claim_fields(home, claim_id)
        held = read_reviews(path) if path.exists() else ()
        mine = [review for review in held if claim_id in (review.claim_id, review.value)]
        if not fields and not mine:
            raise ReviewsError(
                f"no claim {claim_id!r} in {home.published_file}; ids are those of fct_claims.claim_id"
            )
        if decision["decision"]:
            _decide(home, claim_id, path, decision)
        else:
            _show(claim_id, fields, mine)
    except (QueryError, ReviewsError) as error:
        err.print(f"laborledger review: {error}", style="red", markup=False, soft_wrap=True)
        return 1
    return 0


def _show(claim_id: str, fields: Mapping[str, str], reviews: list[Review]) -> None:
    table = Table(box=None, show_header=False)
    for name, value in fields.items():
        table.add_row(Text(name, style="dim"), Text(shown(value)))
    out.print(table if fields else f"{claim_id} is no published claim any more")
    for one in reviews:
        told = " ".join(filter(None, (one.decision, one.field, one.value)))
        out.print(
            f"reviewed {one.reviewed_on} by {one.reviewer}: {told} ({one.reason})",
            markup=False,
            soft_wrap=True,
        )
    out.print(HOW.format(claim_id), markup=False, soft_wrap=True)


def _decide(home: Home, claim_id: str, path: Path, decision: Mapping[str, str | None]) -> None:
    """Write the decision. Raises ReviewsError where it cannot be meant."""
    today = datetime.now(UTC).date().isoformat()
    cells = {name: decision[name] or "" for name in ("decision", "field", "value", "reason")}
    reviewer = decision["reviewer"] or name_in_git()
    if not reviewer:
        raise ReviewsError("git has no user.name: say who decides with --reviewer NAME")
    review = review_of({"claim_id": claim_id, "reviewer": reviewer, "date": today} | cells)
    if review.decision in ("merge", "split") and not claim_fields(home, review.value or ""):
        raise ReviewsError(f"no claim {review.value!r} to {review.decision} it with in {home.published_file}")
    add_review(path, review)
    out.print(f"written to {path}: {review.decision} {claim_id}", markup=False, soft_wrap=True)
    out.print("the next laborledger run applies it", markup=False)
