"""The little of the OLE2 compound file that the guard and the .xls reader need.

calamine reads the cells of a BIFF workbook, but tells neither a password nor a Word document by name,
and knows no hidden rows or number formats.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator, Sequence

__all__ = ["MAGIC", "Compound", "biff_records"]

MAGIC = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_END = 0xFFFFFFFA  # sector numbers from here on are marks, not sectors


class Compound:
    """Directory and streams of a compound file; every loop is bounded by the size of the file.

    Raises
    ------
    ValueError
        The file is cut off or its chains do not close.
    """

    def __init__(self, data: bytes) -> None:
        if len(data) < 512 or not data.startswith(MAGIC):
            raise ValueError("no compound file")
        self._data = data
        shift, mini_shift = struct.unpack_from("<HH", data, 30)
        if shift not in (9, 12) or mini_shift != 6:
            raise ValueError("sector size")
        self._size = 1 << shift
        fat_n, directory, _, self._cutoff, mini, mini_n, difat, difat_n = struct.unpack_from("<8I", data, 44)
        self._fat = self._read_fat(fat_n, difat, difat_n)
        self._mini_fat = _numbers(self._sectors(mini)) if mini_n else ()
        self._entries = _directory(self._sectors(directory))

    def _sector(self, number: int) -> bytes:
        start = (number + 1) * self._size
        if start >= len(self._data):
            raise ValueError("sector outside the file")
        return self._data[start : start + self._size]

    def _read_fat(self, fat_n: int, difat: int, difat_n: int) -> Sequence[int]:
        sectors = struct.unpack_from("<109I", self._data, 76)
        for _ in range(min(difat_n, len(self._data) // self._size + 1)):
            if difat >= _END:
                break
            *more, difat = _numbers(self._sector(difat))
            sectors += tuple(more)
        return _numbers(b"".join(self._sector(s) for s in [s for s in sectors if s < _END][:fat_n]))

    def _sectors(self, start: int) -> bytes:
        return _chain(start, self._fat, self._sector)

    @property
    def names(self) -> set[str]:
        """Names of all storages and streams."""
        return set(self._entries)

    @property
    def book(self) -> str | None:
        """Name of the stream that holds a workbook, None where there is none."""
        return next((n for n in ("Workbook", "Book", "WORKBOOK", "BOOK") if n in self._entries), None)

    def stream(self, name: str) -> bytes:
        """Bytes of a stream."""
        _, start, size = self._entries[name]
        if size >= self._cutoff:
            return self._sectors(start)[:size]
        root = next(e for e in self._entries.values() if e[0] == 5)
        small = self._sectors(root[1])
        return _chain(start, self._mini_fat, lambda n: small[n * 64 : n * 64 + 64])[:size]


def _numbers(data: bytes) -> tuple[int, ...]:
    return struct.unpack(f"<{len(data) // 4}I", data[: len(data) // 4 * 4])


def _chain(start: int, table: Sequence[int], sector: Callable[[int], bytes]) -> bytes:
    parts: list[bytes] = []
    while start < _END:
        if start >= len(table) or len(parts) > len(table):
            raise ValueError("broken chain")
        parts.append(sector(start))
        start = table[start]
    return b"".join(parts)


def _directory(data: bytes) -> dict[str, tuple[int, int, int]]:
    """Name -> kind, first sector and size."""
    entries: dict[str, tuple[int, int, int]] = {}
    for at in range(0, len(data) - 127, 128):
        length, kind = struct.unpack_from("<HB", data, at + 64)
        if kind and 2 <= length <= 64:
            name = data[at : at + length - 2].decode("utf-16-le", "replace")
            start, size = struct.unpack_from("<IQ", data, at + 116)
            entries.setdefault(name, (kind, start, size & 0xFFFFFFFF))
    return entries


def biff_records(stream: bytes) -> Iterator[tuple[int, bytes]]:
    """Records of a BIFF stream: (type, body), until the end or the first cut-off record."""
    at = 0
    while at + 4 <= len(stream):
        kind, length = struct.unpack_from("<HH", stream, at)
        body = stream[at + 4 : at + 4 + length]
        if len(body) < length:
            return
        yield kind, body
        at += 4 + length
