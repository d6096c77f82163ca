"""What a server did to a page on its way, undone: chunks put together, bytes unpacked, bounded.

What a page holds does not belong here, nor how it is fetched: clients undo encodings themselves, records of
an archive keep them.
"""

from __future__ import annotations

import io
import zlib

from fastwarc.stream_io import BrotliReader, ChunkedReader, GzipReader, ZstdReader

from orchestration.scraping.tree import LARGEST

_DECODERS = {
    "gzip": GzipReader,
    "x-gzip": GzipReader,
    "deflate": GzipReader,
    "br": BrotliReader,
    "zstd": ZstdReader,
    "chunked": ChunkedReader,
}
_AS_IT_IS = ("", "identity", "none", "utf-8")


def decoded(payload: bytes, content: str | None, transfer: str | None = None) -> bytes:
    """The payload without its transfer and content encodings, at most LARGEST bytes and one more of it.

    Many archives keep the header of an encoding that they have undone: what is not encoded so is taken as it
    is. Raises ValueError for an encoding that is not known.
    """
    if not content and not transfer:
        return payload
    for name in (part.strip().lower() for part in [transfer or "", *(content or "").split(",")[::-1]]):
        if name in _AS_IT_IS or not payload:
            continue
        if name not in _DECODERS:
            raise ValueError(f"content encoding {name[:40]!r} is not known")
        payload = _undone(payload, name)
    return payload


def _undone(payload: bytes, name: str) -> bytes:
    if name == "deflate":
        return _inflated(payload)
    try:
        with io.BytesIO(payload) as stream:
            return bytes(_DECODERS[name](stream).read(LARGEST + 1))
    except (OSError, ValueError):
        return payload


def _inflated(payload: bytes) -> bytes:
    """What servers call deflate: with or without zlib's own header."""
    for bits in (15, -15):
        try:
            return zlib.decompressobj(wbits=bits).decompress(payload, LARGEST + 1)
        except zlib.error:
            continue
    return payload
