"""The printed numbers against what the store says now."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from pbanalysis.reports.check.comparing import Change, Sayings, changes
from pbanalysis.reports.check.delivery import Delivery
from pbanalysis.reports.check.reading import texts_of
from pbanalysis.reports.check.remake import Remaker

__all__ = ["recomputed"]

_PARTS = (
    "value",
    "numerator",
    "denominator",
    "ci_low",
    "ci_high",
    "n_not_due",
    "n_na",
    "n_unknown",
    "target",
)


def recomputed(
    delivery: Delivery, remaker: Remaker, folders: Iterable[str], touched: frozenset[str], *, whole: bool
) -> tuple[int, list[Change], tuple[str, ...]]:
    """Facts of the folders, and with ``whole`` the table of all indicators, against the store.

    Returns
    -------
    tuple
        How many facts were compared; what differs; and the files that are as they were made and yet
        differ, because the store or the program is another now. ``touched`` files are not among them.
    """
    if remaker.results is None:
        return 0, [], ()
    rows = {(r["indicator_id"], r["unit_id"]): r for r in remaker.results.to_dict("records")}
    county = next((unit for (_, unit), row in rows.items() if row["unit_level"] == "county"), "")
    units = dict(folder.split("_", 1) for folder in delivery.folders() if "_" in folder)
    count, wrong, moved_on = 0, [], []
    for folder in folders:
        name = f"{folder}/facts.json"
        if name not in delivery.listed:
            continue
        unit = county if folder == "county" else folder.partition("_")[0]
        facts = list(delivery.json(name).get("facts", ()))
        pairs = list(_pairs(facts, rows, unit, county))
        named = Sayings(facts=facts, units=units)
        count += len(pairs)
        differing = [
            named.change(delivery.shown(name), f"{should}", f"{fact['value']}", str(fact["id"]))
            for fact, should in pairs
            if not _same(fact["value"], should)
        ]
        if differing and name not in touched:
            moved_on.append(delivery.shown(name))
        wrong += differing
    if whole and "results.csv" in delivery.listed and "results.csv" not in touched:
        made, now = remaker.file("results.csv"), delivery.read("results.csv")
        if made is not None and made != now:
            shown = delivery.shown("results.csv")
            found = changes(texts_of(shown, made) or [], texts_of(shown, now) or [], Sayings(units=units))
            wrong += found
            moved_on.append(shown)
    return count, wrong, tuple(moved_on)


def _pairs(
    facts: Iterable[Mapping[str, Any]], rows: Mapping[Any, Mapping[str, Any]], unit: str, county: str
) -> Iterator[tuple[Mapping[str, Any], Any]]:
    """Facts with what their row says now."""
    for fact in facts:
        whose, part = _whose(fact, unit, county)
        row = rows.get((str(fact.get("indicator_id")), whose))
        if row is not None and part in _PARTS and fact["state"] != "suppressed":
            yield fact, row[part]


def _whose(fact: Mapping[str, Any], unit: str, county: str) -> tuple[str, str]:
    """The unit a fact is about, and which number of its row."""
    name = str(fact["id"])
    of_county = name.startswith("county.")
    part = name.removeprefix("county.").removeprefix(f"{fact.get('indicator_id')}.")
    return (county if of_county else unit), part


def _same(printed: Any, computed: Any) -> bool:
    if printed is None or computed is None or computed != computed:
        return printed is None and (computed is None or computed != computed)
    try:
        return math.isclose(float(printed), float(computed), rel_tol=1e-9, abs_tol=1e-12)
    except (TypeError, ValueError):
        return False
