"""The county's results: count, add up, judge, compare. A number is computed here and nowhere else."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd

from pbanalysis.calendar import Period
from pbanalysis.indicators import (
    development,
    enterprises,
    learning,
    organisations,
    records,
    rectification,
    scores,
    study,
    villages,
)
from pbanalysis.indicators.bounds import bounds
from pbanalysis.indicators.columns import Floats, equals, filled
from pbanalysis.indicators.compare import beside_county
from pbanalysis.indicators.due import due_reached
from pbanalysis.indicators.known import Known, known
from pbanalysis.indicators.results import COLUMNS, Results
from pbanalysis.indicators.states import Case, decide
from pbanalysis.indicators.tally import OwnRow, Tally
from pbanalysis.indicators.together import CLUSTERED, design_effects
from pbanalysis.plan.policy import enforce
from pbanalysis.plan.registry import Indicator, Registry, registry
from pbanalysis.plan.rules import Rules
from pbanalysis.stats.funnel import INDEPENDENT
from pbanalysis.store.county import County

__all__ = ["COUNTING", "count", "evaluate"]

CountingFunction: TypeAlias = Callable[[Known, Period, Indicator], Tally]
Block: TypeAlias = dict[str, npt.NDArray[Any]]

# columns that each indicator's block computes; the others are the same in every row, or compare rows
_COMPUTED = (*(c for c in COLUMNS if c not in ("period", "as_of", "vs_county", "rule_version")), "rows")

# the counting functions by the name that a registry record gives
COUNTING: Mapping[str, CountingFunction] = {
    f"{module.__name__.rsplit('.', 1)[1]}.{name}": getattr(module, name)
    for module in (
        study,
        learning,
        scores,
        development,
        rectification,
        organisations,
        villages,
        enterprises,
        records,
    )
    for name in module.__all__
}


def evaluate(
    county: County,
    period: str | Period,
    as_of: str | dt.date | None = None,
    *,
    rule_book: Rules | None = None,
    only: Collection[str] | None = None,
) -> Results:
    """Evaluate every indicator for every township and the county.

    Parameters
    ----------
    county
        The store.
    period
        ``2023``, ``2023H1`` or ``2023H2``.
    as_of
        Cut-off, the end of that day; by default the county's.
    rule_book
        Thresholds with their validity; by default those of the package.
    only
        Evaluate these indicators alone, for a quick look. Nothing is compared with the county then: a
        comparison is judged within the family of all of them.

    Returns
    -------
    Results, unsuppressed; one row per indicator × unit (items of other organs: the county's row alone).

    Raises
    ------
    PbError
        The period is none, no rule was in force in it, or the registry scores what policy bans.

    Examples
    --------
    >>> results = evaluate(open_county("reports/demo/store"), "2023")  # doctest: +SKIP
    >>> results.get("R03", "629901").state  # doctest: +SKIP
    'not_met'
    """
    period = Period.parse(period)
    at, book = known(county, as_of, rule_book), registry()
    enforce(book)
    wanted = [book[name] for name in only] if only is not None else list(book)
    blocks: dict[str, Block] = {}
    for indicator in wanted:
        # an item shows the rows of its headline indicator under its own name
        source = indicator.same_as or indicator.id
        if source not in blocks:
            blocks[source] = _block(at, period, book[source])
    frame = _stacked([_named(blocks[i.same_as or i.id], i) for i in wanted])
    frame = frame.assign(period=period.label, as_of=str(at.as_of), rule_version=_version(book, at, period))
    words = "not_compared" if only is not None else beside_county(frame, book, design_effects(at, period))
    return Results(_typed(frame.assign(vs_county=words)), frame["rows"].astype("Int64"))


def _stacked(blocks: Sequence[Block]) -> pd.DataFrame:
    return pd.DataFrame({name: np.concatenate([block[name] for block in blocks]) for name in _COMPUTED})


def count(at: Known, period: Period, indicator: Indicator) -> Tally:
    """What an indicator's counting function says, before anything is judged."""
    return COUNTING[indicator.counting](at, period, indicator)


def _version(book: Registry, at: Known, period: Period) -> str:
    """Registry version, and the day since which the rules that judged have been in force."""
    since = at.on(period).since
    return f"{book.version}/{since}" if since else book.version


def _block(at: Known, period: Period, indicator: Indicator) -> Block:
    """Columns of one indicator's rows: townships in official order, then the county."""
    tally = count(at, period, indicator)
    own = tally.county or _sum(tally)
    numerator = np.append(tally.numerator, own.numerator)
    denominator = np.append(tally.denominator, own.denominator)
    value = _value(indicator, numerator, denominator, tally)
    effect = design_effects(at, period)[indicator.id] if indicator.id in CLUSTERED else INDEPENDENT
    low, high, method = bounds(indicator, numerator, denominator, tally.statistic, effect)
    states = np.array(_states(at, period, indicator, tally, own), dtype=object)
    if indicator.kind == "count":
        # a count has no denominator, and where it could not be made no number
        unmade = np.isin(states, ["na", "unknown"])
        numerator, value, low, high = (
            np.where(unmade, np.nan, part) for part in (numerator, value, low, high)
        )
        denominator = np.full(len(states), np.nan)
    n = len(states)
    block: Block = {
        "indicator_id": np.full(n, indicator.id, dtype=object),
        "unit_level": np.array(["township"] * (n - 1) + ["county"], dtype=object),
        "unit_id": np.array([*at.towns, at.county.code], dtype=object),
        "numerator": numerator,
        "denominator": denominator,
        "value": value,
        "ci_low": low,
        "ci_high": high,
        "ci_method": np.where(np.isnan(low), "", method).astype(object),
        "n_not_due": np.append(tally.n_not_due, own.n_not_due),
        "n_na": np.append(tally.n_na, own.n_na),
        "n_unknown": np.append(tally.n_unknown, own.n_unknown),
        "rows": np.append(tally.rows, own.rows),
        "target": np.full(n, np.nan if indicator.target is None else float(indicator.target)),
        "direction": np.full(n, indicator.direction, dtype=object),
        "state": states,
    }
    return {name: column[-1:] for name, column in block.items()} if indicator.level == "other" else block


def _sum(tally: Tally) -> OwnRow:
    return OwnRow(
        float(tally.numerator.sum()),
        float(tally.denominator.sum()),
        n_na=int(tally.n_na.sum()),
        n_unknown=int(tally.n_unknown.sum()),
        n_not_due=int(tally.n_not_due.sum()),
        rows=int(tally.rows.sum()),
    )


def _value(indicator: Indicator, numerator: Floats, denominator: Floats, tally: Tally) -> Floats:
    if tally.statistic is not None:
        return tally.statistic.value
    if indicator.kind == "count":
        return numerator
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(denominator > 0, numerator / denominator * indicator.scale, np.nan)


def _states(at: Known, period: Period, indicator: Indicator, tally: Tally, own: OwnRow) -> list[str]:
    due = indicator.judged == "counted" or due_reached(at, period, indicator)
    quotas = _quotas(at, period, indicator)
    no_number = indicator.target is None
    states: list[str] = []
    for town, code in enumerate(at.towns):
        quota = quotas.get(code)
        case = Case(
            numerator=tally.numerator[town],
            counted=tally.denominator[town],
            n_not_due=tally.n_not_due[town],
            n_unknown=tally.n_unknown[town],
            info=no_number or (indicator.level != "township" and quota is None),
            due=due,
            fixed=tally.state[town],
            quota=quota,
        )
        states.append(decide(case, indicator))
    whole = Case(
        numerator=own.numerator,
        counted=own.denominator,
        n_not_due=own.n_not_due,
        n_unknown=own.n_unknown,
        info=no_number or indicator.county_info,
        due=due,
        fixed=tally.county_state,
        parts=[] if tally.county else states,
    )
    return [*states, decide(whole, indicator)]


def _quotas(at: Known, period: Period, indicator: Indicator) -> dict[str, float]:
    """The county's 任务分解 of a county target, by township, where there is one for the year."""
    rows = at.table("quotas")
    if not indicator.quotas or rows is None:
        return {}
    mine = equals(rows["item_id"], indicator.id) & equals(rows["year"], period.year)
    chosen = rows[mine & filled(rows["quota_n"])]
    return dict(zip(chosen["township_id"], chosen["quota_n"].astype(float), strict=True))


def _named(block: Block, indicator: Indicator) -> Block:
    """The rows under the indicator's own name, where they are those of another."""
    if not indicator.same_as:
        return block
    rows = {**block, "indicator_id": np.full_like(block["indicator_id"], indicator.id)}
    if indicator.target is None:
        # M05-3: background where its twin is judged
        rows["target"] = np.full_like(block["target"], np.nan)
        rows["state"] = np.where(np.isin(block["state"], ["met", "not_met"]), "info", block["state"])
    return rows


def _typed(frame: pd.DataFrame) -> pd.DataFrame:
    counts = {name: frame[name].astype("Int64") for name in ("n_not_due", "n_na", "n_unknown")}
    numbers = {
        name: frame[name].astype("Float64")
        for name in ("numerator", "denominator", "value", "ci_low", "ci_high", "target")
    }
    return frame.assign(**counts, **numbers)[list(COLUMNS)]
