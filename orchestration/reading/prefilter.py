"""Asks of a page's bytes, before anything is parsed, whether its article may name the workers' country.

Sure where it says no: only an article that names the country, its people or a place there is judged at all.
Words for workers are not asked for, since the extractor needs none: "North Korea sent 450 to Qatar" is a
figure. A page is first searched as it came, at the speed of memory; where one of `wordings` is found, the
names are looked for in its text. The one name that is missed is one in whose words an element with words of
its own stands.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Sequence
from functools import cache, lru_cache
from html import unescape

from pydantic_core import SchemaValidator, core_schema

from orchestration.reading.wordings import Name, home_names, patterns
from orchestration.scraping.page import ParseError
from orchestration.scraping.tree import decode

Search = Callable[[bytes], bool]
"""Whether one of the patterns is in some bytes."""

_BOMS = (b"\xff\xfe", b"\xfe\xff", b"\x00\x00\xfe\xff")
_CHARSET = re.compile(rb"(?:charset|encoding)\s*=\s*[\"']?\s*([a-z0-9_.:-]{2,40})")
_DECLARED_WITHIN = 4096
_LIKE_ASCII = re.compile(
    rb"(?:utf-?8|us-ascii|ascii|iso-?8859-?\d+|latin-?\d|windows-?\d+|cp-?125\d|euc-?\w\w|ks_?c_?\w+|ksc\w+|uhc|cp949"
    rb"|ms949|shift[-_]?jis|sjis|cp932|gb\w+|big5(?:-hkscs)?|koi8-\w|tis-620|macintosh)"
)
"""Charsets in which plain letters are the bytes that they are in ASCII."""
_TAG = re.compile(r"<[!/?a-zA-Z](?:[^<>\"']++|\"[^\"]{0,2000}+\"|'[^']{0,2000}+'){0,60}+>")
_BLOCK = re.compile(
    r"</?(?:p|div|h[1-6]|li|[ou]l|t[dhr]|table|br|hr|title|head|body|article|section|main|header|footer|nav|aside"
    r"|blockquote|figure|figcaption|d[dlt]|pre|lb|meta|link|script|style)(?=[\s/>])",
    re.IGNORECASE,
)
"""The beginning of a tag that ends a word; any other may stand within one."""
_ESCAPED = re.compile(r"\\u([0-9A-Fa-f]{4})")
_UNSEEN = re.compile(
    r"[\x00-\x08\x0e-\x1b\x1f\x7f-\x84\x86-\x9f\xad\u200b-\u200f\u2060-\u2064\u202a-\u202e\ufeff\ud800-\udfff]"
)
_WORD = re.compile(r"[^\W\d_]+")
_AMPERSANDS = 3
"""How often an escape may be escaped itself."""


def may_name_home(payload: bytes, content_type: str | None) -> bool:
    """Whether the article of a page may name the workers' country: False is sure, but for what is said
    above.
    """
    return _search()(_plain(payload, content_type)) and _names_home(payload, content_type)


def folded(text: str) -> str:
    """A text as words of one's own are looked for in it: in any case, whichever way its lines break."""
    return " ".join(_normal(text).casefold().split())


def holds_word(payload: bytes, content_type: str | None, words: Sequence[str]) -> bool:
    """Whether one of some folded words stands anywhere in a page's text, alone or within another."""
    return any(word in text for text in map(folded, _texts(payload, content_type)) for word in words)


def _plain(payload: bytes, content_type: str | None) -> bytes:
    """The page's bytes where its letters are those of ASCII, as nearly always; else its text in UTF-8."""
    head = payload[:_DECLARED_WITHIN].lower()
    is_odd = _is_odd(content_type or "") or _declares_odd(head)
    if not is_odd and b"\x00" not in payload and not payload.startswith(_BOMS):
        return payload
    return _text(payload, content_type).replace("\x00", "").encode("utf-8", "replace")


@lru_cache(maxsize=256)
def _is_odd(content_type: str) -> bool:
    """The same of a content type, of which an archive has few."""
    return _declares_odd(content_type[:500].lower().encode("utf-8", "replace"))


def _declares_odd(head: bytes) -> bool:
    """Whether the beginning of a page, in lower case, names a charset that is not like ASCII."""
    keys = (b"charset", b"encoding") if head.lstrip().startswith(b"<?xml") else (b"charset",)
    for key in keys:
        at = head.find(key)
        while at >= 0:
            found = _CHARSET.match(head, at)
            if found and not _LIKE_ASCII.fullmatch(found[1]):
                return True
            at = head.find(key, at + 1)
    return False


def _text(payload: bytes, content_type: str | None) -> str:
    """As the parser decodes it; a page that it refuses for its length is passed on to be refused."""
    try:
        return decode(payload, content_type)
    except ParseError:
        return payload.decode("utf-8", "replace")


# The first look


@cache
def _search() -> Search:
    """Hyperscan where it is installed (extra `fast`), which is several times as fast as what pydantic
    brings.
    """
    try:
        return hyperscan_search()
    except ImportError:
        return rust_search()


def hyperscan_search() -> Search:
    """All patterns at once by Hyperscan. Raises ImportError."""
    import hyperscan

    told = [pattern.encode("latin-1") for pattern in patterns()]
    flags = hyperscan.HS_FLAG_SINGLEMATCH | hyperscan.HS_FLAG_DOTALL
    database = hyperscan.Database()
    database.compile(expressions=told, ids=list(range(len(told))), flags=[flags] * len(told))

    def found(payload: bytes) -> bool:
        try:
            database.scan(payload, match_event_handler=_stop)
        except hyperscan.ScanTerminated:
            return True
        return False

    return found


def _stop(*told: object) -> bool:
    """The first match is enough."""
    return True


def rust_search() -> Search:
    """The same by Rust's regex crate, each byte as the letter of its number."""
    pattern = f"(?s:{'|'.join(patterns())})"
    schema = core_schema.str_schema(pattern=pattern, regex_engine="rust-regex")
    holds = SchemaValidator(schema).isinstance_python
    return lambda payload: holds(payload.decode("latin-1"))


# The second look


def _names_home(payload: bytes, content_type: str | None) -> bool:
    """Whether all words of a name are somewhere in the page's text, whichever way its mark-up is read."""
    joined, spaced = _texts(payload, content_type)
    words = {*_WORD.findall(joined), *_WORD.findall(spaced)}
    capitals = {word.lower() for word in words if word[0].isupper()}
    lower = {word.lower() for word in words}

    def is_there(word: str) -> bool:
        return word.lower() in (capitals if word[0].isupper() else lower)

    return any(
        all(map(is_there, filter(str.isalpha, name.words))) and _is_told(name, joined, spaced)
        for name in home_names()
    )


def _texts(payload: bytes, content_type: str | None) -> tuple[str, str]:
    """A page's text with nothing instead of each tag within a word, and with a blank instead of each."""
    text = _unescaped_json(_without_comments(_text(payload, content_type)))
    return _revealed(_BLOCK.sub(r" \g<0>", text), ""), _revealed(text, " ")


def _is_told(name: Name, *texts: str) -> bool:
    """A led name is one only where no longer name goes on: most say "the North" of something else."""
    return not name.lead or any(_alone(name).search(text) for text in texts)


@cache
def _alone(name: Name) -> re.Pattern[str]:
    words = r"\s*".join(map(re.escape, name.words))
    return re.compile(rf"(?i:(?<![^\W\d_]){words}(?![^\W\d_]))(?!\s*(?:of\b|-|[A-Z][a-z]))")


def _revealed(text: str, instead: str) -> str:
    """The text with something instead of each tag, its escapes undone."""
    text = _TAG.sub(instead, text)
    for _ in range(_AMPERSANDS):
        if "&" not in text:
            break
        text = unescape(text)
    return _normal(_TAG.sub(instead, text))


def _unescaped_json(text: str) -> str:
    return _ESCAPED.sub(lambda found: chr(int(found[1], 16)), text) if "\\u" in text else text


def _without_comments(text: str) -> str:
    first, *others = text.split("<!--")
    told = (other.partition("-->") for other in others)
    return first + "".join(after if end else before for before, end, after in told)


def _normal(text: str) -> str:
    return unicodedata.normalize("NFC", _UNSEEN.sub("", text))
