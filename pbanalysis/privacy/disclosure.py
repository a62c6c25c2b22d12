"""Disclosure control: which rows of the results are held back, and the proof that it is enough.

Only counts of persons are held back, never counts of organisations, events or issues. See
docs/adr/0050-disclosure.md for what counts as small and for the limits of the proof.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pandas as pd

from pbanalysis.errors import Code, PbError
from pbanalysis.privacy.cells import System, Terms, merge_equals
from pbanalysis.privacy.margins import protect_table
from pbanalysis.privacy.policy import COUNTY_POLICY, AuditReport, Policy
from pbanalysis.privacy.relations import ACROSS, COUNTY_ONLY, RELATIONS, TRAITS, Relation

__all__ = ["NUMBERS", "AuditReport", "Policy", "protect", "protect_table"]

NUMBERS = ("numerator", "denominator", "value", "ci_low", "ci_high", "n_not_due", "n_na", "n_unknown")
_COUNTS = ("numerator", "denominator", "n_not_due", "n_na", "n_unknown")
_KEYS = ["indicator_id", "unit_id", "period", "as_of"]


def protect(
    frame: pd.DataFrame,
    persons: Collection[str],
    policy: Policy = COUNTY_POLICY,
    *,
    traits: Collection[str] = TRAITS,
    linked: Iterable[Relation] = RELATIONS,
    published: pd.DataFrame | None = None,
) -> tuple[pd.DataFrame, AuditReport]:
    """Hold back small person counts and whatever they could be computed from.

    Parameters
    ----------
    frame
        Results as contract/results.md, one row per indicator × unit; several periods may stand together.
    persons
        Ids of the indicators that count persons (registry field ``counted``).
    policy
        The threshold.
    traits
        Those of them whose difference denominator − numerator is a trait of persons (who did not reach the
        hours). Elsewhere it is what an organisation owes (a limit not kept, a file not audited) and is
        published, or no report could list what must be put right.
    linked
        Relations between the counts of one unit.
    published
        Results of an earlier cut-off or period that are out already: all numbers, and state
        ``suppressed`` where a row was held back. What is out cannot be taken back. (A previous period
        that is printed for the first time belongs into ``frame``.)

    Returns
    -------
    The frame in which held-back rows have state ``suppressed`` and no numbers, and the audit.

    Raises
    ------
    PbError
        ``PRIVACY_GATE`` (exit 4) when a hidden count stays derivable, because what gives it away is
        out already.

    Examples
    --------
    >>> rows = [("D01", "county", "6299", 35), ("D01", "township", "a", 3), ("D01", "township", "b", 12), ("D01", "township", "c", 20)]
    >>> frame = pd.DataFrame(rows, columns=["indicator_id", "unit_level", "unit_id", "numerator"])
    >>> frame = frame.assign(period="2023", as_of="2023-12-31", state="info")
    >>> safe, audit = protect(frame, {"D01"})
    >>> safe.loc[safe["state"] == "suppressed", "unit_id"].tolist(), audit.ok
    (['a', 'b'], True)
    """
    out = frame.copy().reset_index(drop=True)
    linked = tuple(linked)
    # a linked row that counts no persons (follow-ups) is held back only where it would give a person count away
    near = set(persons) | {indicator for relation in linked for indicator, _ in relation.terms}
    mine = np.flatnonzero(out["indicator_id"].isin(near) & (out["state"] != "suppressed"))
    rows = out.iloc[mine].assign(fixed=False)
    if published is not None:
        rows = pd.concat([rows, published[published["indicator_id"].isin(near)].assign(fixed=True)])
    rows = rows.assign(
        persons=rows["indicator_id"].isin(set(persons)), trait=rows["indicator_id"].isin(set(traits))
    ).reset_index(drop=True)
    model = _Model(rows, policy, linked)
    system = model.system
    stuck = system.protect(policy.threshold)
    if len(stuck):
        raise _gate(model, stuck)
    held = np.flatnonzero(system.held[: len(mine)])
    reason = np.where(model.small[held], "small", "derivable")
    widths = system.attack(policy.threshold)
    listed = out.loc[mine[held], [c for c in ("indicator_id", "unit_level", "unit_id", "period") if c in out]]
    _blank(out, mine[held])
    report = AuditReport(
        policy.threshold,
        listed.assign(reason=reason).reset_index(drop=True),
        len(widths),
        float(widths.min(initial=np.inf)),
        system.programs,
    )
    return out, report


def _blank(frame: pd.DataFrame, rows: npt.NDArray[np.int64]) -> None:
    """Empty the numbers of held-back rows in place."""
    for column in (*NUMBERS, "ci_method"):
        if column in frame:
            frame[column] = frame[column].mask(frame.index.isin(rows))
    if "vs_county" in frame:
        frame.loc[rows, "vs_county"] = "not_compared"
    frame.loc[rows, "state"] = "suppressed"


def _gate(model: _Model, stuck: npt.NDArray[np.int64]) -> PbError:
    names = sorted({str(model.rows.loc[model.owner[k], "indicator_id"]) for k in stuck})
    return PbError(
        Code.PRIVACY_GATE,
        f"有 {len(stuck)} 个应隐去的人数可由已公布的数推算，已停止输出",
        where="、".join(names[:5]),
        fix="请核对已公布的上期报告；必要时合并期间或扩大统计单位后再公布",
    )


class _Model:
    """The results as a :class:`System`: variables are counts, showings are rows."""

    def __init__(self, rows: pd.DataFrame, policy: Policy, linked: tuple[Relation, ...]) -> None:
        self.rows, self.policy = rows, policy
        needed = {c for r in linked for _, c in r.terms} | {"numerator", "denominator"}
        columns = [c for c in _COUNTS if c in rows and c in needed]
        self._number: dict[tuple[int, str], int] = {}
        values: list[float] = []
        for column in columns:
            counts = rows[column].astype("Float64").to_numpy(dtype=float, na_value=np.nan)
            for row in np.flatnonzero(np.isfinite(counts)):
                self._number[(int(row), column)] = len(values)
                values.append(float(counts[row]))
        self._by_unit = self._units()
        suppressed = (rows["state"] == "suppressed").to_numpy()
        inside = rows["indicator_id"].isin(COUNTY_ONLY) & (rows["unit_level"] != "county") & rows["persons"]
        printed = rows["state"].isin(["met", "not_met", "info"])
        earlier = rows["fixed"].to_numpy(bool)
        self._out = earlier & ~suppressed  # published, and not to be taken back
        equal, most = self._relations(linked)
        sums, more = self._sums(columns), self._periods(columns)
        pairs = [tuple(e) for e in (*equal, *more[0]) if len(e) == 2 and sorted(e.values()) == [-1, 1]]
        merged = merge_equals(len(values), [(a, b) for a, b in pairs if values[a] == values[b]])
        truth = np.zeros(int(merged.max(initial=-1)) + 1)
        truth[merged] = values
        self.secrets, self.owner, self.small = self._secrets(merged, truth)
        self.system = System.build(
            truth,
            self._shows(merged),
            equal=[_renumbered(e, merged) for e in (*equal, *more[0], *sums)],
            most=[_renumbered(m, merged) for m in (*most, *more[1], *self._shares())],
            secrets=self.secrets,
            cost=self._cost(),
            fixed=self._out,
            held=np.where(earlier, suppressed, self.small | (inside & printed).to_numpy(bool)),
            unit=self._unit_of(merged, len(truth)),
        )

    def _units(self) -> dict[tuple[str, ...], dict[str, int]]:
        """Rows of each unit and period by indicator."""
        units: dict[tuple[str, ...], dict[str, int]] = {}
        keys = self.rows.reindex(columns=_KEYS).astype("str")
        for row, (indicator, *unit) in enumerate(keys.itertuples(index=False, name=None)):
            units.setdefault(tuple(unit), {})[indicator] = row
        return units

    def _terms(self, unit: dict[str, int], relation: Relation) -> dict[int, float] | None:
        """A relation's terms for one unit; None where a count is not there."""
        terms = {}
        for (indicator, column), factor in relation.terms.items():
            number = self._number.get((unit.get(indicator, -1), column))
            if number is None:
                return None
            terms[number] = float(factor)
        return terms

    def _relations(self, linked: tuple[Relation, ...]) -> tuple[list[Terms], list[Terms]]:
        equal: list[Terms] = []
        most: list[Terms] = []
        for unit in self._by_unit.values():
            for relation in linked:
                terms = self._terms(unit, relation)
                if terms is not None:
                    (equal if relation.sense == "==" else most).append(terms)
        return equal, most

    def _sums(self, columns: Sequence[str]) -> list[Terms]:
        """County = sum of its townships, for each indicator, period and column."""
        sums: list[Terms] = []
        for _, rows in self.rows.groupby(["indicator_id", "period", "as_of"], sort=False).groups.items():
            level = self.rows.loc[rows, "unit_level"]
            county, towns = rows[level == "county"], rows[level != "county"]
            if len(county) != 1 or not len(towns):
                continue
            for column in columns:
                total = self._number.get((int(county[0]), column))
                parts = [self._number[(int(r), column)] for r in towns if (int(r), column) in self._number]
                if total is not None and parts:
                    sums.append({total: -1.0} | dict.fromkeys(parts, 1.0))
        return sums

    def _shares(self) -> list[Terms]:
        """Numerator ≤ denominator where that is so."""
        return [
            {number: 1.0, self._number[(row, "denominator")]: -1.0}
            for (row, column), number in self._number.items()
            if column == "numerator" and (row, "denominator") in self._number
        ]

    def _periods(self, columns: Sequence[str]) -> tuple[list[Terms], list[Terms]]:
        """Halves that add up to a year, and counts of the year so far that only grow."""
        equal: list[Terms] = []
        most: list[Terms] = []
        own = self.rows[self.rows["indicator_id"].isin(ACROSS)]
        for (indicator, _, _), rows in own.groupby(["indicator_id", "unit_id", own["period"].str[:4]]):
            if len(rows) < 2:
                continue
            for column in (c for c in columns if c in ("numerator", "denominator")):
                at = {
                    (p[4:], d): self._number[(int(r), column)]
                    for r, p, d in zip(rows.index, rows["period"], rows["as_of"].astype("str"))
                    if (int(r), column) in self._number
                }
                if ACROSS[indicator] == "additive":
                    equal += _halves(at)
                else:
                    ordered = [at[k] for k in sorted(at, key=lambda k: (k[0] != "H1", k[1]))]
                    most += [{a: 1.0, b: -1.0} for a, b in pairwise(ordered)]
                    equal += _same_year(at)
        return equal, most

    def _secrets(
        self, merged: npt.NDArray[np.int64], truth: npt.NDArray[np.float64]
    ) -> tuple[list[Terms], list[int], npt.NDArray[np.bool_]]:
        """Small numerators, denominators and differences that are a trait; the row of each; rows that have one."""
        found: dict[tuple[tuple[int, float], ...], int] = {}
        small = np.zeros(len(self.rows), dtype=bool)
        for row in np.flatnonzero(~self._out & self.rows["persons"].to_numpy(bool)).tolist():
            parts = [self._number.get((row, c)) for c in ("numerator", "denominator")]
            numbers = [int(merged[p]) if p is not None else None for p in parts]
            num, den = numbers
            terms: list[dict[int, float]] = [{n: 1.0} for n in numbers if n is not None]
            if num is not None and den is not None and num != den and self.rows.at[row, "trait"]:
                terms.append({den: 1.0, num: -1.0})
            for term in terms:
                if 1 <= sum(f * truth[n] for n, f in term.items()) < self.policy.threshold:
                    small[row] = True
                    found.setdefault(tuple(term.items()), row)
        return [dict(k) for k in found], list(found.values()), small

    def _unit_of(self, merged: npt.NDArray[np.int64], variables: int) -> npt.NDArray[np.int64]:
        codes = pd.factorize(self.rows["unit_id"])[0]
        codes[(self.rows["unit_level"] == "county").to_numpy()] = -1
        unit = np.zeros(variables, dtype=np.int64)
        for (row, _), number in self._number.items():
            unit[merged[number]] = codes[row]
        return unit

    def _shows(self, merged: npt.NDArray[np.int64]) -> list[set[int]]:
        shows: list[set[int]] = [set() for _ in range(len(self.rows))]
        for (row, _), number in self._number.items():
            shows[row].add(int(merged[number]))
        return shows

    def _cost(self) -> npt.NDArray[np.float64]:
        """Larger rows and the county's row are dearer to hold back."""
        size = self.rows.reindex(columns=["numerator", "denominator"]).max(axis=1).fillna(0).astype(float)
        county = (self.rows["unit_level"] == "county").to_numpy()
        cost: npt.NDArray[np.float64] = 1.0 + size.to_numpy(dtype=float) + 1e6 * county
        return cost


def _halves(at: dict[tuple[str, str], int]) -> list[Terms]:
    parts = {k[0]: v for k, v in at.items()}
    if {"H1", "H2", ""} <= set(parts):
        return [{parts["H1"]: 1.0, parts["H2"]: 1.0, parts[""]: -1.0}]
    return []


def _same_year(at: dict[tuple[str, str], int]) -> list[Terms]:
    """The year so far on its last day is the year, whichever of the two periods it is printed under."""
    return [{at[("H2", d)]: 1.0, n: -1.0} for (half, d), n in at.items() if half == "" and ("H2", d) in at]


def _renumbered(terms: Terms, merged: npt.NDArray[np.int64]) -> dict[int, float]:
    out: dict[int, float] = {}
    for number, factor in terms.items():
        k = int(merged[number])
        out[k] = out.get(k, 0.0) + factor
    return {k: f for k, f in out.items() if f}
