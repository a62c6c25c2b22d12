"""The header dictionary, and which field a header means."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any, Literal

from rapidfuzz import fuzz, process

from pbanalysis.ledgers.text import plain, squash

__all__ = [
    "Field",
    "Hit",
    "Kind",
    "header_keys",
    "header_unit",
    "header_year",
    "kinds",
    "match",
    "suggestion",
    "vocabulary",
    "words",
]

How = Literal["synonym", "parent", "containment", "place"]


@dataclass(frozen=True)
class Field:
    """One column of a ledger kind, as the dictionary declares it."""

    name: str
    type: str
    synonyms: tuple[str, ...]
    personal: str = ""
    personal_text: bool = False
    identity: bool = False
    vocabulary: str = ""
    unit: str = ""
    schedule: bool = False
    optional_match: bool = False
    named: bool = False
    person: bool = False
    profile: tuple[str, ...] = ()

    @property
    def label(self) -> str:
        """Chinese name of the column: its first synonym."""
        return self.synonyms[0]


@dataclass(frozen=True)
class Kind:
    """One layout of a ledger kind: its fields, the words that name it, the table it fills."""

    layout: str
    name: str
    title: str
    words: tuple[str, ...]
    table: str
    key: tuple[tuple[str, ...], ...]
    fields: Mapping[str, Field]
    by_place: Mapping[str, tuple[str, ...]]
    own: frozenset[str]
    template: tuple[str, ...] = ()


@dataclass(frozen=True)
class Hit:
    """Field a header means and how that was found; no field: unknown."""

    field: str | None
    how: How = "synonym"


_COMPARING = re.compile(
    r"同比|增长|增幅|上年|去年|较|占比|比例|计划|目标|差额|排名|是否|上级党委意见|本年累计|下一步"
)


@cache
def _dictionary() -> Any:
    return tomllib.loads(files("pbanalysis.ledgers").joinpath("headers.toml").read_text(encoding="utf-8"))


@cache
def kinds() -> Mapping[str, Kind]:
    """Layouts of all ledger kinds, in the dictionary's order."""
    common = _fields(_dictionary()["common"]["fields"])
    found = {}
    for layout, raw in _dictionary()["kinds"].items():
        own = _fields(raw["fields"])
        found[layout] = Kind(
            layout,
            raw.get("kind", layout),
            raw["title"],
            tuple(raw["words"]),
            raw["table"],
            tuple(tuple(g) for g in raw["key"]),
            {**{n: f for n, f in common.items() if n not in own}, **own},
            {k: tuple(v) for k, v in raw.get("by_place", {}).items()},
            frozenset(own),
            tuple(raw.get("template", "").split()),
        )
    return found


def _fields(raw: Mapping[str, Mapping[str, Any]]) -> dict[str, Field]:
    def frozen(value: Any) -> Any:
        return tuple(value) if isinstance(value, list) else value

    return {name: Field(name, **{k: frozen(v) for k, v in given.items()}) for name, given in raw.items()}


@cache
def vocabulary(name: str) -> Mapping[str, str]:
    """Squashed word -> canonical value of a closed vocabulary; canonical values map to themselves."""
    raw = _dictionary()["vocabulary"][name]
    words = {squash(w): value for value, many in raw.items() for w in many}
    return words | {value: value for value in raw if not value.endswith("?")}


@cache
def words(name: str) -> tuple[str, ...]:
    """The words of a vocabulary as a template offers them: the first of every canonical value."""
    raw = _dictionary()["vocabulary"][name]
    return tuple(many[0] for value, many in raw.items() if not value.endswith("?"))


@cache
def _synonyms(layout: str) -> Mapping[str, str]:
    """Header key -> field; a kind's own synonyms win over the common ones."""
    kind = kinds()[layout]
    own_last = sorted(kind.fields.values(), key=lambda f: f.name in kind.own)
    return {header_keys(synonym)[0]: field.name for field in own_last for synonym in field.synonyms}


_SERIAL = re.compile(
    r"^(?:[*＊※★▲●■◆]+|\d{1,2}[.、．]|[①-⑳]|[(（][一二三四五六七八九十\d]{1,2}[)）]|[一二三四五六七八九十]{1,2}[、.．])+"
)
_MARKS = re.compile(r"[“”\"'‘’「」『』《》:：*＊、,，;；]")
_YEAR = re.compile(r"(?:19|20)\d{2}年度?")


@lru_cache(maxsize=16384)
def header_keys(text: str) -> tuple[str, ...]:
    """Keys under which a header is looked up: with the content of its brackets, then without.

    Examples
    --------
    >>> header_keys("2023年经营性收入（万元）"), header_keys("*学习\\n（培训）内容")
    (('经营性收入万元', '经营性收入'), ('学习培训内容', '学习内容'))
    """
    text = squash(_SERIAL.sub("", plain(text).lstrip()))
    text = re.sub(r"^其中:?", "", _YEAR.sub("", text))
    kept = _MARKS.sub("", re.sub(r"[()\[\]【】]", "", text))
    dropped = _MARKS.sub("", re.sub(r"\([^)]*\)|\[[^\]]*\]|【[^】]*】", "", text))
    keys = [k for k in (kept, dropped, re.sub(r"(?:万元|元|人|次|个|%)$", "", kept)) if k]
    return tuple(dict.fromkeys(keys)) or ("",)


@lru_cache(maxsize=16384)
def header_unit(text: str) -> str:
    """Unit that a header states: 万元, 元, %, 天 …; "" when none."""
    shaped = squash(text)
    for inside in (*re.findall(r"[(\[【]([^)\]】]*)[)\]】]", shaped), shaped):
        found = re.search(
            r"(亿元|千万元|百万元|万元|千元|百元|元|%|天|学时|小时)$", re.sub(r"^单位:?", "", inside)
        )
        if found and (inside != shaped or found[1] in ("万元", "亿元", "%")):
            return found[1]
    return ""


@lru_cache(maxsize=16384)
def header_year(text: str) -> int | None:
    """Year that a header names."""
    found = re.search(r"((?:19|20)\d{2})年", squash(text))
    return int(found[1]) if found else None


@lru_cache(maxsize=16384)
def match(layout: str, path: tuple[str, ...], *, contained: bool = True) -> Hit:
    """Field of a header path (parents first).

    Order: synonym of the whole path, synonym of parent + last part, synonym of the last part, containment.
    """
    synonyms, last = _synonyms(layout), header_keys(path[-1])
    under: list[str] = []
    if len(path) > 1:
        under = [*header_keys("".join(path)), *(p + key for p in header_keys(path[-2]) for key in last)]
    for key in under:
        if key in synonyms:
            return Hit(synonyms[key], "parent")
    for key in last:
        if key in synonyms:
            return Hit(synonyms[key])
    if contained and len(last[0]) <= 20:
        for key in last:
            if found := _contained(synonyms, key):
                return Hit(found, "containment")
    return Hit(None)


def _contained(synonyms: Mapping[str, str], key: str) -> str | None:
    """Field of the longest synonym inside a header, when only one field has one of that length."""
    if _COMPARING.search(key):
        return None
    hits = [(len(s), f) for s, f in synonyms.items() if len(s) >= 3 and s in key]
    longest = {f for n, f in hits if n == max(hits)[0]}
    return longest.pop() if len(longest) == 1 else None


def suggestion(layout: str, header: str, taken: set[str]) -> str:
    """Nearest synonym of a field not yet found, when it is clearly nearest (≥80, margin ≥10); never taken."""
    options = {s: f for s, f in _synonyms(layout).items() if f not in taken}
    near = process.extract(header_keys(header)[-1], list(options), scorer=fuzz.ratio, limit=8)
    if not near or near[0][1] < 80:
        return ""
    best = options[near[0][0]]
    others = [score for word, score, _ in near if options[word] != best]
    return near[0][0] if not others or near[0][1] - others[0] >= 10 else ""
