"""What counts as a small number of persons, and what an audit reports."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pandas as pd

from pbanalysis.errors import Code, PbError

__all__ = ["COUNTY_POLICY", "WIDER_POLICY", "AuditReport", "Policy"]


@dataclass(frozen=True)
class Policy:
    """Counts of 1 … ``threshold`` − 1 persons are not published.

    ``threshold`` is 5 for the county's own papers and 10 for wider circulation; it is also the least
    width of what an attacker may find out about a hidden count.
    """

    threshold: int = 5

    def __post_init__(self) -> None:
        if self.threshold < 3:
            raise PbError(
                Code.UNKNOWN_PARAMETER,
                "隐去门槛不能小于 3 人",
                where="threshold",
                got=str(self.threshold),
                fix="县内工作用 5，范围更大时用 10",
            )

    def small(self, counts: pd.Series[float] | npt.NDArray[np.float64]) -> npt.NDArray[np.bool_]:
        """Whether each count is small; zero and missing are not."""
        numbers = np.asarray(counts, dtype=float)
        with np.errstate(invalid="ignore"):
            small: npt.NDArray[np.bool_] = (numbers >= 1) & (numbers < self.threshold)
        return small


COUNTY_POLICY = Policy(5)  # the county's own papers
WIDER_POLICY = Policy(10)  # what is passed on: attachments of the annual review, other counties


@dataclass(frozen=True)
class AuditReport:
    """What was held back and how narrowly an attacker can pin it down; holds no count that is hidden.

    ``rows`` names the rows held back and why: ``small`` (the count itself) or ``derivable`` (another
    count could be computed from it).
    """

    threshold: int
    rows: pd.DataFrame = field(repr=False)
    secrets: int
    narrowest: float
    programs: int

    @property
    def ok(self) -> bool:
        """Whether no hidden small count is pinned down to less than the threshold."""
        return self.narrowest >= self.threshold - 1e-6

    def to_frame(self) -> pd.DataFrame:
        """Rows held back and the reason."""
        return self.rows

    def _repr_html_(self) -> str:
        small = int((self.rows["reason"] == "small").sum())
        return (
            f"<p>依规定不予公布 {len(self.rows)} 行：人数不足 {self.threshold} 人 {small} 行，"
            f"为防推算一并隐去 {len(self.rows) - small} 行。已用线性规划核验 {self.secrets} 个隐去的数，"
            "均不能推定。</p>"
        )
