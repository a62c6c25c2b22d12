"""Tables of person counts with all their margins: small and derivable cells held back."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np
import pandas as pd

from pbanalysis.errors import Code, PbError
from pbanalysis.privacy.cells import System, Terms
from pbanalysis.privacy.policy import COUNTY_POLICY, AuditReport, Policy

__all__ = ["TOTAL", "protect_table"]

TOTAL = "合计"


def protect_table(
    counts: pd.DataFrame,
    by: Sequence[str],
    *,
    value: str = "n",
    policy: Policy = COUNTY_POLICY,
    withheld: Collection[tuple[str, ...]] = (),
) -> tuple[pd.DataFrame, AuditReport]:
    """A table of person counts with all its margins, small and derivable cells held back.

    Parameters
    ----------
    counts
        One row per cell: the columns ``by`` (text) and ``value``.
    by
        Dimensions, e.g. ``("township_id", "level")``. Every margin is published with the cells.
    value
        Column of the counts.
    policy
        The threshold.
    withheld
        Keys of cells and margins that must not be shown because they are held back elsewhere, as
        tuples in the order of ``by`` with 「合计」 for a margin.

    Returns
    -------
    The cells and margins (``by`` = 「合计」), held-back ones with an empty count and ``suppressed`` true;
    and the audit.

    Raises
    ------
    PbError
        ``PRIVACY_GATE`` when even holding everything back leaves a small count derivable.

    Examples
    --------
    >>> table = pd.DataFrame({"level": list("abc"), "n": [3, 12, 20]})
    >>> safe, audit = protect_table(table, ["level"])
    >>> safe.loc[safe["suppressed"], "level"].tolist(), audit.ok
    (['a', 'b'], True)
    """
    by = list(by)
    cells = counts.astype(dict.fromkeys(by, "str")).groupby(by, sort=False)[value].sum().reset_index()
    table = _with_margins(cells, by, value)
    keys = list(table[by].itertuples(index=False, name=None))
    number = {key: k for k, key in enumerate(keys)}
    values = table[value].to_numpy(dtype=float)
    equal = _margin_sums(keys, number, len(by))
    small = policy.small(values)
    kept = np.array([tuple(key) in set(withheld) for key in keys], dtype=bool)
    margins = (table[by] == TOTAL).sum(axis=1).to_numpy()
    system = System.build(
        values,
        [[k] for k in range(len(keys))],
        equal=equal,
        most=[],
        secrets=[{int(k): 1.0} for k in np.flatnonzero(small)],
        cost=1.0 + values + 1e6 * margins,
        fixed=np.zeros(len(keys), dtype=bool),
        held=small | kept,
    )
    stuck = system.protect(policy.threshold)
    if len(stuck):
        raise PbError(
            Code.PRIVACY_GATE,
            f"表中有 {len(stuck)} 个应隐去的人数无法隐去，已停止输出",
            where="、".join(by),
            fix="请合并类别或扩大统计单位后再公布",
        )
    widths = system.attack(policy.threshold)
    table[value] = table[value].astype("Int64").mask(system.held)
    table["suppressed"] = system.held
    rows = table.loc[system.held, by].assign(reason=np.where(small[system.held], "small", "derivable"))
    return table, AuditReport(
        policy.threshold,
        rows.reset_index(drop=True),
        len(widths),
        float(widths.min(initial=np.inf)),
        system.programs,
    )


def _with_margins(cells: pd.DataFrame, by: list[str], value: str) -> pd.DataFrame:
    """Cells, then the sums over every set of dimensions."""
    parts = [cells]
    for mask in range(1, 2 ** len(by)):
        kept = [c for k, c in enumerate(by) if not mask >> k & 1]
        sums = (
            cells.groupby(kept, sort=False)[value].sum().reset_index()
            if kept
            else pd.DataFrame({value: [cells[value].sum()]})
        )
        summed = {dimension: TOTAL for dimension in by if dimension not in kept}
        parts.append(sums.assign(**summed)[[*by, value]])
    return pd.concat(parts, ignore_index=True)


def _margin_sums(
    keys: list[tuple[str, ...]], number: dict[tuple[str, ...], int], dimensions: int
) -> list[Terms]:
    """Each margin is the sum of the cells one dimension below it."""
    groups: dict[int, dict[int, float]] = {}
    for key, k in number.items():
        for d in range(dimensions):
            if key[d] != TOTAL:
                margin = number[(*key[:d], TOTAL, *key[d + 1 :])]
                groups.setdefault(margin * dimensions + d, {margin: -1.0})[k] = 1.0
    return list(groups.values())
