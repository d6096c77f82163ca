"""The body of an answer as its author wrote it: put together from its chunks and unpacked, bounded.

What a page is does not belong here. A body that is not what its headers say is given as it is: many archives
keep bodies unpacked, and headers as they were sent.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable, Iterator

import brotli

CHUNK = re.compile(rb"[ \t]*([0-9a-fA-F]{1,8})[^\r\n]*\r?\n")


class TooLarge(ValueError):
    """A body unpacks to more than is read."""


def decoded(body: bytes, transfer: str, encoding: str, most: int) -> bytes:
    """A body without its chunks, unpacked. Raises TooLarge for more than `most` bytes."""
    if "chunked" in transfer.lower():
        body = b"".join(_chunks(body)) or body
    for name in reversed([part.strip().lower() for part in encoding.split(",")]):
        if unpack := UNPACKERS.get(name):
            try:
                body = unpack(body, most + 1)
            except (zlib.error, brotli.error):
                return body
        if len(body) > most:
            raise TooLarge
    return body


def _chunks(body: bytes) -> Iterator[bytes]:
    """The chunks of a body; none where it has none."""
    at = 0
    while found := CHUNK.match(body, at):
        size = int(found[1], 16)
        if size == 0:
            return
        yield body[found.end() : found.end() + size]
        at = found.end() + size
        at += 2 if body[at : at + 2] == b"\r\n" else 0


def _inflated(wbits: int) -> Callable[[bytes, int], bytes]:
    return lambda body, most: zlib.decompressobj(wbits=wbits).decompress(body, most)


def _brotli(body: bytes, most: int) -> bytes:
    unpacked: bytes = brotli.Decompressor().process(body, output_buffer_limit=most)
    return unpacked


UNPACKERS: dict[str, Callable[[bytes, int], bytes]] = {
    "gzip": _inflated(31),
    "x-gzip": _inflated(31),
    "deflate": _inflated(15),
    "br": _brotli,
}
