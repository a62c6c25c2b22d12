"""Invented personal data that stand in the ledgers, so that an importer has something to drop.

Nobody: every name holds 某 and an earthly branch, every id number begins with a region code (990001)
that was never given out, every telephone number with a block (154) that is not in use.
"""

from __future__ import annotations

import numpy as np

from pbanalysis.privacy.scan import check_digit

__all__ = ["People"]

_FAMILIES = "冯许潘蒋沈韩唐吕苏卢姜崔谭廖贺龚"
_BRANCHES = "子丑寅卯辰巳午未申酉戌亥"


class People:
    """Hands out invented people and remembers what was handed out."""

    def __init__(self, rng: np.random.Generator) -> None:
        self._rng = rng
        self._names: set[str] = set()
        self._ids: set[str] = set()
        self._phones: set[str] = set()

    def names(self, n: int) -> list[str]:
        """Names, shape (n,)."""
        first = self._rng.integers(0, len(_FAMILIES), n)
        last = self._rng.integers(0, len(_BRANCHES), n)
        made = [f"{_FAMILIES[a]}某{_BRANCHES[b]}" for a, b in zip(first, last)]
        self._names.update(made)
        return made

    def id_numbers(self, female: list[bool]) -> list[str]:
        """Id numbers whose check digit holds; the sequence number tells the sex, as in a real one."""
        days = np.datetime64("1962-01-01") + self._rng.integers(0, 15000, len(female)).astype(
            "timedelta64[D]"
        )
        made: list[str] = []
        for day, woman in zip(days.astype(str), female):
            serial = len(self._ids) + len(made)
            first = f"990001{day.replace('-', '')}{serial // 5 % 100:02d}{serial % 5 * 2 + (not woman)}"
            made.append(first + check_digit(first))
        self._ids.update(made)
        return made

    def phone(self) -> str:
        """A telephone number."""
        made = f"154{int(self._rng.integers(0, 10**8)):08d}"
        self._phones.add(made)
        return made

    def forbidden(self) -> dict[str, object]:
        """What was handed out and may reach no store, log, finding, report or message."""
        return {
            "about": "台账中虚构的个人信息，不得进入数据仓、日志、核查清单、报告或任何提示",
            "names": sorted(self._names),
            "id_numbers": sorted(self._ids),
            "phones": sorted(self._phones),
        }
