"""A reply's bytes as they were meant: decompressed piece by piece, never more than the cap in hand."""

from __future__ import annotations

import zlib


class TooLarge(Exception):
    """The body is larger than the cap, as sent or after decompression."""


class Unreadable(Exception):
    """The body is not what its Content-Encoding says, or it is cut."""


class Plain:
    """A body that is sent as it is."""

    def __init__(self, cap: int) -> None:
        self._cap, self._size = cap, 0
        self._pieces: list[bytes] = []

    def take(self, chunk: bytes) -> None:
        """Raises TooLarge; the caller then drops the connection."""
        self._size += len(chunk)
        if self._size > self._cap:
            raise TooLarge
        self._pieces.append(chunk)

    def body(self) -> bytes:
        return self._pieces[0] if len(self._pieces) == 1 else b"".join(self._pieces)


class Inflater:
    """Takes chunks as they come off the wire; counts what they become."""

    def __init__(self, encoding: str, cap: int) -> None:
        self._cap, self._size = cap, 0
        self._pieces: list[bytes] = []
        self._encoding = encoding
        self._inflate = zlib.decompressobj(zlib.MAX_WBITS | 32)
        self._begun = False
        if encoding not in ("gzip", "x-gzip", "deflate"):
            raise Unreadable(encoding)

    def take(self, chunk: bytes) -> None:
        """Raises TooLarge or Unreadable; the caller then drops the connection."""
        if not self._begun and self._encoding == "deflate" and not _zlib_head(chunk):
            self._inflate = zlib.decompressobj(-zlib.MAX_WBITS)  # some servers mean raw deflate
        self._begun = True
        while chunk:
            if self._inflate.eof:
                self._inflate = zlib.decompressobj(zlib.MAX_WBITS | 32)  # gzip allows member after member
            chunk = self._piece(chunk)

    def _piece(self, chunk: bytes) -> bytes:
        try:
            piece = self._inflate.decompress(chunk, self._cap - self._size + 1)
        except zlib.error as wrong:
            raise Unreadable(self._encoding) from wrong
        self._size += len(piece)
        if self._size > self._cap:
            raise TooLarge
        self._pieces.append(piece)
        return self._inflate.unused_data or self._inflate.unconsumed_tail

    def body(self) -> bytes:
        """All of it. Raises Unreadable where the end is missing."""
        if self._begun and not self._inflate.eof:
            raise Unreadable(self._encoding)
        return b"".join(self._pieces)


def _zlib_head(chunk: bytes) -> bool:
    """RFC 1950: method 8 in the low half of the first byte, both bytes together divisible by 31."""
    return chunk[:1] == b"\x1f" or (
        chunk[0] & 15 == 8 and (len(chunk) < 2 or (chunk[0] << 8 | chunk[1]) % 31 == 0)
    )
