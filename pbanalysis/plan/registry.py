"""The indicator registry: one reviewable record per indicator, read from TOML.

The records of a headline indicator and of an item of the plan have the same fields. An item whose row
*is* that of a headline indicator (``same_as``) takes from it every field it does not say itself.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from fractions import Fraction
from functools import cache
from html import escape
from importlib.resources import files
from typing import Any, Literal

from pbanalysis.errors import Code, PbError, near_names
from pbanalysis.plan.clauses import measure_of

__all__ = ["Indicator", "Registry", "registry"]

Theme = Literal["study", "development", "rectification", "supporting"]
# headline indicators first, theme by theme; then the items in the order of the plan
_FILES = ("study.toml", "development.toml", "rectification.toml", "items_1.toml", "items_2.toml")


@dataclass(frozen=True)
class Indicator:
    """One indicator, as judged and as explained.

    Attributes
    ----------
    id, name, headline, theme
        Identifier, Chinese name, whether it is a headline indicator or an item of the plan, theme.
    item
        The plan's item it serves (its own id for an item); ``measure`` and ``clause`` follow from it.
    quote
        Literal words of the plan (empty when the indicator rests on a Party rule alone).
    numerator, denominator
        In words; ``formula`` is made of them unless it is said.
    counting, options
        The counting function and what it is told, e.g. the column of a flag.
    unit, kind, scale
        What ``value`` is in; share, ratio, count or median; factor from numerator ÷ denominator to value.
    counted
        persons | organisations | events | issues: only persons are ever suppressed.
    target, target_basis, direction
        Exact number or None (background only), whence it comes, and which way is better.
    due, due_inferred, judged
        Due day (``year``, ``MM-DD`` of the year, a date, or empty) and when a state may be given:
        ``counted`` as soon as something is counted; ``due`` from the due day, reached targets earlier;
        ``due_only`` never earlier.
    level
        Whom it binds: township, county, or another organ of the county.
    county_info
        The county's row is background although townships are judged.
    interval
        How the interval of ``value`` is made; ``none`` where chance plays no part.
    background
        Why policy lets it be background only (Chinese); empty when it may be judged.
    """

    id: str
    name: str
    headline: bool
    theme: Theme
    item: str
    quote: str
    numerator: str
    denominator: str
    counting: str
    unit: str
    kind: Literal["share", "ratio", "count", "median", "gain"]
    counted: Literal["persons", "organisations", "events", "issues"]
    direction: Literal["up", "down", "none"]
    level: Literal["township", "county", "other"]
    source_tables: tuple[str, ...]
    why: str
    responsible: str
    checked_by: str
    next_review: str
    changes: tuple[str, ...]
    formula: str = ""
    options: Mapping[str, Any] = field(default_factory=dict, hash=False)
    scale: int = 1
    target: Fraction | None = None
    target_basis: Literal["explicit", "implied", "none"] = "none"
    due: str = ""
    due_inferred: bool = False
    judged: Literal["counted", "due", "due_only"] = "counted"
    county_info: bool = False
    quotas: bool = False
    interval: Literal["none", "wilson", "poisson", "km", "hypergeometric_files", "bca"] = "none"
    same_as: str = ""
    background: str = ""
    caveats: str = ""

    @property
    def measure(self) -> str:
        """Measure or demand of the plan, e.g. ``M03`` or ``W2``."""
        return self.item.split("-")[0]

    @property
    def clause(self) -> str:
        """Where it stands in the plan, e.g. 措施3 or 要求二."""
        return measure_of(self.item).clause

    @property
    def record(self) -> str:
        """What a reader asks first, a line each: formula, clause, why, who answers, what to mind."""
        parts = (
            ("算法", self.formula),
            ("依据", f"{self.clause}　{self.quote}".strip()),
            ("为什么看它", self.why),
            ("责任主体", self.responsible),
            ("说明", "；".join(text for text in (self.caveats, self.background) if text)),
        )
        return "\n".join([f"{self.id} {self.name}", *(f"{title}：{text}" for title, text in parts if text)])

    def _repr_html_(self) -> str:
        name, *lines = (escape(line) for line in self.record.splitlines())
        return f"<p><b>{name}</b></p>" + "".join(f"<p>{line}</p>" for line in lines)

    @property
    def yearly(self) -> bool:
        """Whether it is an obligation of each year, due on 31 December."""
        return self.due == "year"


@dataclass(frozen=True)
class Registry:
    """All indicators in official order: headline by theme, then the items of the plan."""

    version: str
    _by_id: Mapping[str, Indicator] = field(repr=False)

    def __iter__(self) -> Iterator[Indicator]:
        return iter(self._by_id.values())

    def __len__(self) -> int:
        return len(self._by_id)

    def __contains__(self, key: object) -> bool:
        return key in self._by_id

    def __getitem__(self, key: str) -> Indicator:
        if key not in self._by_id:
            raise PbError(
                Code.UNKNOWN_NAME,
                "没有这个指标",
                where="indicator",
                got=key,
                fix=near_names(key, self._by_id),
            )
        return self._by_id[key]

    def headline(self, theme: str) -> list[Indicator]:
        """Headline indicators of a theme."""
        return [i for i in self if i.headline and i.theme == theme]

    def of_theme(self, theme: str) -> list[Indicator]:
        """Headline indicators and items of a theme."""
        return [i for i in self if i.theme == theme]

    def items(self) -> list[Indicator]:
        """The 87 items of the plan."""
        return [i for i in self if not i.headline]

    def of_measure(self, measure: str) -> list[Indicator]:
        """Items of one measure or demand, e.g. ``M09``."""
        return [i for i in self.items() if i.measure == measure]

    def __repr__(self) -> str:
        return f"<Registry {self.version}: {len(self)} indicators, {len(self.items())} of them items of the plan>"


@cache
def registry() -> Registry:
    """The registry that ships with the package.

    Examples
    --------
    >>> registry()["W2-3"].clause, registry()["R03"].name
    ('要求二', '到期问题整改完成率')
    """
    folder = files("pbanalysis.plan") / "records"
    documents = [tomllib.loads((folder / name).read_text(encoding="utf-8")) for name in _FILES]
    found: dict[str, Indicator] = {}
    for document in documents:
        for record in document["indicator"]:
            indicator = _indicator(record, document["defaults"], found)
            found[indicator.id] = indicator
    return Registry(version=str(documents[0]["version"]), _by_id=found)


def _indicator(
    record: Mapping[str, Any], defaults: Mapping[str, Any], found: Mapping[str, Indicator]
) -> Indicator:
    values = {**defaults, **record}
    if twin := found.get(str(record.get("same_as", ""))):
        inherited = {f.name: getattr(twin, f.name) for f in fields(twin) if f.name not in _OWN}
        values = {**inherited, "headline": False, **record}
    if record.get("target_basis") == "none":
        values["target"] = None
    values.setdefault("item", values["id"])
    measure = measure_of(str(values["item"]))
    values.setdefault("why", measure.why)
    values.setdefault("responsible", measure.responsible)
    if not values.get("formula"):
        parts = (
            [values["numerator"]]
            if values["kind"] == "count"
            else [values["numerator"], values["denominator"]]
        )
        values["formula"] = " ÷ ".join(parts)
    if values.get("target") is not None:
        values["target"] = Fraction(values["target"])
    for name in ("source_tables", "changes"):
        values[name] = tuple(values[name])
    return Indicator(**values)


# what an item of the plan never takes from the headline indicator whose row it shows
_OWN = {"id", "item", "why", "responsible"}
