"""Near-identical texts, and which of them is the origin: a story that many outlets print counts once.

Texts are compared by their five-word shingles: MinHash estimates the share that two have in common. What an
article itself says of its origin is `origins`' business and goes before what is found here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

import numpy as np

SHINGLE = 5
"""Words of a shingle."""
ALIKE = 0.8
"""Share of shingles in common from which two texts are copies."""
PERMUTATIONS = 128
FEWEST_WORDS = 30
"""A text of fewer words may be like another by chance."""
SCHEME = "affine32"
METHOD = f"minhash-{SCHEME}-{SHINGLE}-{PERMUTATIONS}"
"""Signatures of another method are not compared with these."""
_WORD = re.compile(r"\w+")
_SEED = 1


@dataclass(frozen=True, slots=True)
class Signed:
    """A current text with its signature. `credits` is the outlet whose story the article says it is."""

    version_id: str
    article_id: str
    source_id: str
    published: date
    first_seen_at: datetime
    credits: str | None
    signature: bytes


@dataclass(frozen=True, slots=True)
class Copy:
    """A text and the one that it is a copy of; `similarity` as estimated."""

    version_id: str
    origin_version_id: str
    origin_article_id: str
    similarity: float


def sign(text: str) -> bytes | None:
    """A text's signature, 4 bytes a permutation; None for a text that is too short to be compared."""
    from datasketch import MinHash

    words = _WORD.findall(text.casefold())
    if len(words) < FEWEST_WORDS:
        return None
    minhash = MinHash(num_perm=PERMUTATIONS, seed=_SEED, scheme=SCHEME)
    runs = (words[at : at + SHINGLE] for at in range(len(words) - SHINGLE + 1))
    minhash.update_batch({" ".join(run).encode("utf-8", "replace") for run in runs})
    return np.asarray(minhash.hashvalues, dtype="<u4").tobytes()


def find_copies(texts: Iterable[Signed], republishes: Mapping[str, Sequence[str]]) -> list[Copy]:
    """Each text that is a copy, with its origin, in the order of version ids.

    `republishes` names, by outlet, those whose stories it prints. The origin is one that credits nobody
    else, then the earliest, then one whose outlet the other republishes.
    """
    from datasketch import MinHash, MinHashLSH

    ordered = sorted(texts, key=lambda text: _rank(text, republishes))
    index = MinHashLSH(threshold=ALIKE, num_perm=PERMUTATIONS)
    hashes: dict[str, MinHash] = {}
    origins: dict[str, Signed] = {}
    found: list[Copy] = []
    for text in ordered:
        values = np.frombuffer(text.signature, dtype="<u4").astype(np.uint32)
        own = MinHash(num_perm=PERMUTATIONS, seed=_SEED, hashvalues=values, scheme=SCHEME)
        near = [(own.jaccard(hashes[name]), name) for name in index.query(own)]
        like = [(share, name) for share, name in near if origins[name].article_id != text.article_id]
        share, name = max(like, key=lambda pair: (pair[0], pair[1]), default=(0.0, ""))
        if share >= ALIKE:
            found.append(Copy(text.version_id, name, origins[name].article_id, round(float(share), 3)))
            continue
        index.insert(text.version_id, own)
        hashes[text.version_id], origins[text.version_id] = own, text
    return sorted(found, key=lambda copy: copy.version_id)


def _rank(text: Signed, republishes: Mapping[str, Sequence[str]]) -> tuple[bool, date, int, datetime, str]:
    """Origins before copies: an outlet that prints others' stories comes behind them on the same day."""
    credits_another = text.credits is not None and text.credits != text.source_id
    prints_others = len(republishes.get(text.source_id, ()))
    return (credits_another, text.published, prints_others, text.first_seen_at, text.version_id)
