"""The little of the OLE2 compound file that the guard and the .xls reader need.

calamine reads the cells of a BIFF workbook, but tells neither a password nor a Word document by name,
and knows no hidden rows or number formats.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

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
        (shift, mini_shift) = struct.unpack_from("<HH", data, 30)
        if shift not in (9, 12) or mini_shift != 6:
            raise ValueError("sector size")
        self._size = 1 << shift
        fat_n, directory, _, self._cutoff, mini_start, mini_n, difat, difat_n = struct.unpack_from(
            "<8I", data, 44
        )
        self._fat = self._read_fat(fat_n, difat, difat_n)
        self._mini_fat = self._numbers(self._chain(mini_start)) if mini_n else []
        self._entries = self._read_directory(self._chain(directory))
        self._mini = b""

    def _sector(self, number: int) -> bytes:
        start = (number + 1) * self._size
        if start >= len(self._data):
            raise ValueError("sector outside the file")
        return self._data[start : start + self._size]

    def _numbers(self, data: bytes) -> list[int]:
        return list(struct.unpack(f"<{len(data) // 4}I", data[: len(data) // 4 * 4]))

    def _read_fat(self, fat_n: int, difat: int, difat_n: int) -> list[int]:
        sectors = list(struct.unpack_from("<109I", self._data, 76))
        for _ in range(min(difat_n, len(self._data) // self._size + 1)):
            if difat >= _END:
                break
            more = self._numbers(self._sector(difat))
            sectors, difat = sectors + more[:-1], more[-1]
        fat: list[int] = []
        for sector in [s for s in sectors if s < _END][:fat_n]:
            fat += self._numbers(self._sector(sector))
        return fat

    def _chain(self, start: int) -> bytes:
        parts, seen = [], 0
        while start < _END:
            if start >= len(self._fat) or seen > len(self._fat):
                raise ValueError("broken chain")
            parts.append(self._sector(start))
            start, seen = self._fat[start], seen + 1
        return b"".join(parts)

    def _read_directory(self, data: bytes) -> dict[str, tuple[int, int, int]]:
        entries: dict[str, tuple[int, int, int]] = {}
        for at in range(0, len(data) - 127, 128):
            length = struct.unpack_from("<H", data, at + 64)[0]
            kind = data[at + 66]
            if kind and 2 <= length <= 64:
                name = data[at : at + length - 2].decode("utf-16-le", "replace")
                start, size = struct.unpack_from("<IQ", data, at + 116)
                entries.setdefault(name, (kind, start, size & 0xFFFFFFFF))
        return entries

    @property
    def names(self) -> set[str]:
        """Names of all storages and streams."""
        return set(self._entries)

    def stream(self, name: str) -> bytes:
        """Bytes of a stream."""
        _, start, size = self._entries[name]
        if size >= self._cutoff:
            return self._chain(start)[:size]
        if not self._mini:
            root = next(e for e in self._entries.values() if e[0] == 5)
            self._mini = self._chain(root[1])
        parts, seen = [], 0
        while start < _END:
            if start >= len(self._mini_fat) or seen > len(self._mini_fat):
                raise ValueError("broken chain")
            parts.append(self._mini[start * 64 : start * 64 + 64])
            start, seen = self._mini_fat[start], seen + 1
        return b"".join(parts)[:size]


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
