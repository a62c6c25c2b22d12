"""减负 check: what may not be a basis of evaluation, however it is named or divided.

Learning hours, points, clock-ins, likes, and counts of meetings, papers or photos may appear only as
background, with the reason printed. What the plan itself demands stays judged: an obligation with a
number of the plan (once per half-year), kept or not, where doing more brings nothing.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from pbanalysis.errors import Code, PbError
from pbanalysis.plan.registry import Indicator

__all__ = ["Ban", "Refusal", "bans", "check", "check_all", "enforce"]

# what is read for banned words; caveats explain and are left out
_READ = ("name", "numerator", "denominator", "formula", "unit")
# an obligation of the plan in its own words: "at least once" in a half-year, a year or a term
_DEMANDED = re.compile(r"(每半年|每年|年内|每月|每季度)[^，。；]{0,12}(\d+|一|两)次")


@dataclass(frozen=True)
class Ban:
    """One banned basis of evaluation, with the clause and source that ban it."""

    id: str
    title: str
    source: str
    clause: str
    words: tuple[re.Pattern[str], ...]


@dataclass(frozen=True)
class Refusal:
    """Why an indicator may not be scored.

    Attributes
    ----------
    indicator
        Its id or name.
    ban
        The ban it falls under.
    word
        The words that show it.
    """

    indicator: str
    ban: Ban
    word: str

    def __str__(self) -> str:
        return (
            f"“{self.indicator}”含“{self.word}”：{self.ban.clause}（{self.ban.source}），只能作背景，不得计分"
        )


@cache
def bans() -> tuple[Ban, ...]:
    """The bans that ship with the package."""
    text = (files("pbanalysis.plan") / "policy.toml").read_text(encoding="utf-8")
    return tuple(
        Ban(**{**record, "words": tuple(re.compile(word) for word in record["words"])})
        for record in tomllib.loads(text)["ban"]
    )


def check(record: Indicator | Mapping[str, Any]) -> list[Refusal]:
    """Why this indicator may not be scored; nothing where it may.

    Parameters
    ----------
    record
        A registry record, or a mapping with some of its fields (a draft).

    Examples
    --------
    >>> [r.ban.id for r in check({"name": "平台日均在线时长", "numerator": "在线分钟", "denominator": "党员"})]
    ['time']
    >>> check({"name": "到期问题整改完成率", "numerator": "已销号的到期问题", "denominator": "到期问题"})
    []
    """
    field = (
        record.get if isinstance(record, Mapping) else lambda name, default="": getattr(record, name, default)
    )
    if _demanded(field):
        return []
    text = "|".join(re.sub(r"\s+", "", str(field(name, "") or "")).lower() for name in _READ)
    label = str(field("id", "") or field("name", ""))
    refusals = []
    for ban in bans():
        found = next((hit for word in ban.words if (hit := word.search(text))), None)
        if found:
            refusals.append(Refusal(label, ban, found.group()))
    return refusals


def _demanded(field: Any) -> bool:
    """A number that the plan itself demands, in its own words."""
    return field("target_basis", "") == "explicit" and bool(_DEMANDED.search(str(field("quote", ""))))


def check_all(records: Iterable[Indicator]) -> list[Refusal]:
    """Refusals of indicators that are scored all the same; background with a printed reason is allowed."""
    return [
        r for record in records if record.target is not None or not record.background for r in check(record)
    ]


def enforce(records: Iterable[Indicator]) -> None:
    """Stop when a banned basis is scored; the command line then exits with 4."""
    refusals = check_all(records)
    if refusals:
        raise PbError(
            Code.POLICY_GATE,
            str(refusals[0]),
            where="指标注册表",
            fix="请删去该指标的目标并写明只作背景的理由（background），再运行",
        )
