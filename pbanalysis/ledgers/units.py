"""Which township, village or organisation a ledger means: by code, name, alias, former name and suffix rules.

Near names are suggested, never taken. A name that fits two units is rejected with both.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import pandas as pd
from rapidfuzz import fuzz, process

from pbanalysis.errors import Code, PbError
from pbanalysis.ledgers.reading import NOTHING, Reading, normalised, ok, rejected
from pbanalysis.ledgers.text import says_nothing, squash

__all__ = ["Registry", "Township", "Village", "read_units"]

_PEOPLES = "回|藏|东乡|保安|撒拉|土|裕固|蒙古|哈萨克|满|维吾尔|壮|苗|彝|侗|瑶|土家|白|傣|黎|畲|朝鲜|布依|羌|纳西|哈尼|傈僳|佤|拉祜|水|仡佬|锡伯|达斡尔|鄂温克|鄂伦春|柯尔克孜|塔吉克|俄罗斯|景颇|普米|怒|独龙|毛南|仫佬|高山|京"
_ETHNIC = re.compile(rf"(?:(?:{_PEOPLES})族)+(?:自治)?(?=[乡镇县]|$)")
_OFFICE = re.compile(
    r"(?:党政综合办公室|党建工作办公室|人民政府|委员会|党工委|工作委员会|工委|党委|办事处|街办|党建办|组织办|党政办|政府)$"
)
_VILLAGE_END = re.compile(r"(?:村民委员会|村委会|行政村|社区居委会|社区居民委员会|居委会|村|社区)$")


@dataclass(frozen=True)
class Village:
    """A village or community."""

    code: str
    name: str


@dataclass(frozen=True)
class Township:
    """A township with its villages."""

    code: str
    name: str
    former_names: tuple[str, ...] = ()
    villages: tuple[Village, ...] = ()

    @property
    def stem(self) -> str:
        """Name without its kind: 城关 of 城关镇."""
        return re.sub(r"(?:街道|镇|乡)$", "", _ETHNIC.sub("", self.name))


def read_units(path: Path) -> tuple[str, str, list[Township]]:
    """County code and name, and townships, of a ``units.json``.

    Raises
    ------
    PbError
        The file cannot be read or lacks a code.
    """
    try:
        data = json.loads(Path(path).read_text(encoding="utf-8-sig"))
        towns = [
            Township(
                str(t["code"]),
                str(t["name"]),
                tuple(t.get("former_names") or ()),
                tuple(Village(str(v["code"]), str(v["name"])) for v in t.get("villages") or ()),
            )
            for t in data["townships"]
        ]
        return str(data["county"]["code"]), str(data["county"]["name"]), towns
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise PbError(
            Code.INPUT_REFUSED,
            "乡镇名册读不出来",
            where=Path(path).name,
            fix="名册应为 JSON：county、townships、villages，各有 code 和 name",
        ) from error


Resolved = tuple[Reading, str]  # value: name as registered; and the code or id, "" if none
Keyed = dict[str, dict[str, str]]  # key -> id -> name


@dataclass
class Registry:
    """Townships, their villages and organisations, with caches of what names were found to mean."""

    county_name: str
    townships: list[Township]
    organisations: pd.DataFrame | None = None
    _organisation_keys: dict[str, tuple[Keyed, Keyed]] = field(default_factory=dict, repr=False)

    @cached_property
    def by_code(self) -> dict[str, Township]:
        """Township of a code."""
        return {t.code: t for t in self.townships}

    @cached_property
    def _township_keys(self) -> dict[str, tuple[str, set[str]]]:
        """Key -> (how it is known, codes); a surer way of knowing hides a less sure one."""
        keys: dict[str, tuple[str, set[str]]] = {}
        for how, names in (
            ("name", lambda t: [t.name]),
            ("code", lambda t: [t.code, t.code + "000"]),
            ("alias", lambda t: [_ETHNIC.sub("", t.name)]),
            ("former", lambda t: t.former_names),
            ("stem", lambda t: [t.stem] if len(t.stem) >= 2 else []),
        ):
            fresh: dict[str, set[str]] = defaultdict(set)
            for town in self.townships:
                for name in names(town):
                    fresh[squash(name)].add(town.code)
            keys = {**{k: (how, v) for k, v in fresh.items()}, **keys}
        return keys

    def township(self, text: str) -> Resolved:
        """Township that a text names alone: reading (value: registered name) and its code ("" if none)."""
        shaped = squash(text)
        if says_nothing(shaped):
            return NOTHING, ""
        for bare in self._bare(shaped):
            if bare in self._township_keys:
                how, codes = self._township_keys[bare]
                return _one_of(text, {c: self.by_code[c].name for c in codes}, "township", how)
        near = _near(shaped, [t.name for t in self.townships])
        return rejected("unknown_township", f"名册中没有这个乡镇{near}"), ""

    def _bare(self, shaped: str) -> Iterable[str]:
        text = re.sub(r"[(（].*?[)）]", "", shaped)
        yield text
        text = text.removeprefix("中共").removeprefix(self.county_name)
        yield text
        while (shorter := _OFFICE.sub("", text)) != text and len(shorter) >= 2:
            text = shorter
            yield text

    def township_in(self, text: str) -> set[str]:
        """Codes of the townships that a title, file or folder name mentions; longer names hide those inside them."""
        rest, found = squash(text), set()
        names = {
            squash(n): t.code
            for t in self.townships
            for n in (*t.former_names, _ETHNIC.sub("", t.name), t.name)
        }
        for name in sorted(names, key=len, reverse=True):
            if name in rest:
                found.add(names[name])
                rest = rest.replace(name, "\n")
        return found

    def village(self, text: str, township: str) -> Resolved:
        """Village that a text names inside a township."""
        shaped = squash(text)
        if says_nothing(shaped):
            return NOTHING, ""
        town = self.by_code.get(township, Township(township, ""))
        bare = re.sub(r"[(（].*?[)）]", "", shaped.removeprefix(squash(town.name)))
        bare = re.sub(r"(?:党总支|党支部|党委|支部)$", "", bare)
        stem = _VILLAGE_END.sub("", bare)

        def same_stem(name: str) -> bool:
            return len(stem) >= 2 and _VILLAGE_END.sub("", name) == stem and not _other_kind(bare, name)

        for how, hit in (
            ("code", lambda v: v.code == shaped),
            ("name", lambda v: squash(v.name) in (shaped, bare)),
            ("suffix", lambda v: same_stem(squash(v.name))),
        ):
            if found := {v.code: v.name for v in town.villages if hit(v)}:
                return _one_of(text, found, "village", how)
        others = (t for t in self.townships if t.code != township)
        elsewhere = [t.name for t in others if any(squash(v.name) == shaped for v in t.villages)]
        hint = f"（{'、'.join(elsewhere)}有同名村）" if elsewhere else ""
        hint = hint or _near(shaped, [v.name for v in town.villages])
        return rejected("unknown_village", f"该乡镇没有这个村（社区）{hint}"), ""

    def organisation(self, text: str, township: str) -> Resolved:
        """Organisation that a text names inside a township.

        Without any register of organisations the name stays as typed and gets a provisional id.
        """
        shaped = squash(text)
        if says_nothing(shaped):
            return NOTHING, ""
        key = self._organisation_key(shaped, township)
        if self.organisations is None or self.organisations.empty:
            digest = hashlib.blake2b(key.encode(), digest_size=5).hexdigest()
            return ok(text) if text == shaped else normalised(shaped, "blanks"), f"{township}-{digest}"
        names, keys = self._organisations(township)
        same = names.get(shaped, {})
        if len(same) == 1:
            ((org_id, name),) = same.items()
            return ok(name) if text == name else normalised(name, "branch_blanks"), org_id
        hits = keys.get(key, {})
        if len(hits) == 1:
            return _one_of(text, hits, "branch", "alias")
        if hits:
            return rejected("ambiguous_branch", "名册中有几个党组织都符合，请写全称"), ""
        near = _near(shaped, [n for found in names.values() for n in found.values()])
        return rejected("unknown_branch", f"该乡镇名册中没有这个党组织{near}"), ""

    def _organisations(self, township: str) -> tuple[Keyed, Keyed]:
        """Squashed name -> id -> name; and short form, or id -> id -> name."""
        if township not in self._organisation_keys:
            names: Keyed = defaultdict(dict)
            keys: Keyed = defaultdict(dict)
            assert self.organisations is not None
            for org in self.organisations.itertuples():
                if str(org.township_id) == township:
                    org_id, name = str(org.org_id), str(org.name)
                    names[squash(name)][org_id] = name
                    keys[self._organisation_key(squash(name), township)][org_id] = name
                    keys[org_id][org_id] = name
            self._organisation_keys[township] = names, keys
        return self._organisation_keys[township]

    def _organisation_key(self, shaped: str, township: str) -> str:
        """One key for the short and the full form: 中共安和县某镇某村支部委员会 = 某村党支部."""
        text = shaped.removeprefix("中共").removeprefix(self.county_name)
        if township in self.by_code:
            town = self.by_code[township]
            for name in (town.name, _ETHNIC.sub("", town.name)):
                if text.startswith(name) and len(text) > len(name):
                    text = text.removeprefix(name)
                    break
        for pattern, plain_form in _ORGANISATION_FORMS:
            text = pattern.sub(plain_form, text)
        return text.translate(_CHINESE_DIGITS)


def _one_of(text: str, found: Mapping[str, str], unit: str, how: str) -> Resolved:
    """The one unit (code -> name) that fits, as the registry writes it; of several none."""
    if len(found) > 1:
        return rejected(f"ambiguous_{unit}", f"可能是{'、'.join(sorted(found.values()))}，请写全称"), ""
    ((code, name),) = found.items()
    return ok(name) if text == name else normalised(name, f"{unit}_{how}", f"按名册写作{name}"), code


def _near(shaped: str, names: Iterable[str]) -> str:
    near = process.extract(shaped, list(names), scorer=fuzz.ratio, limit=2, score_cutoff=60)
    return f"，是不是{'或'.join(n for n, _, _ in near)}？" if near else ""


_ORGANISATION_FORMS = tuple(
    (re.compile(p), r)
    for p, r in (
        (r"(?:党?总支部?委员会|党总支部|(?<!党)总支部?)$", "党总支"),
        (r"(?<!党)支部委员会$", "党支部"),
        (r"党支部委员会$", "党支部"),
        (r"(?:党工委|工作委员会|党委员会|(?<!支部)委员会)$", "党委"),
        (r"(?<!党)支部$", "党支部"),
    )
)
_CHINESE_DIGITS = str.maketrans("123456789", "一二三四五六七八九")


def _other_kind(bare: str, name: str) -> bool:
    """Whether 村 was written for a 社区 or the other way round."""
    return (bare.endswith("村") and name.endswith("社区")) or (bare.endswith("社区") and name.endswith("村"))
