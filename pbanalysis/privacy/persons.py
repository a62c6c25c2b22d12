"""Rows that are persons, for people who may only ask about organisations.

Study tests and admission cases are kept one row a person. Who explores them in a notebook gets them in
this wrapper: it answers how many and how on average, by organisation, and nothing else. It is an
allow-list: what is not written here does not exist on it. See docs/adr/0050-disclosure.md for its limits.
"""

from __future__ import annotations

from typing import Any, NoReturn

import pandas as pd

from pbanalysis.errors import Code, PbError
from pbanalysis.privacy.margins import protect_table
from pbanalysis.privacy.policy import COUNTY_POLICY, WIDER_POLICY, Policy

__all__ = ["ORGANISATION_COLUMNS", "PERSON_COLUMNS", "PersonRows"]

PERSON_COLUMNS = frozenset({"person_key", "case_id"})
ORGANISATION_COLUMNS = frozenset(
    {"township_id", "org_id", "test_id", "phase", "level", "sampling", "fault", "outcome", "review_result", "two_new"}
)  # fmt: skip
_MEASURES = frozenset({"score", "training_hours"})


class PersonRows:
    """One row a person; only organisations come out.

    Parameters
    ----------
    frame
        A canonical table with ``person_key`` or ``case_id``.
    policy
        Groups of fewer persons than its threshold are not shown; means need ten.

    Examples
    --------
    >>> frame = pd.DataFrame({"person_key": range(30), "org_id": ["a"] * 18 + ["b"] * 12, "score": [60.0] * 18 + [70.0] * 12})
    >>> rows = PersonRows(frame)
    >>> rows.mean("score", by="org_id")["mean"].tolist()
    [60.0, 70.0]
    >>> rows.sort_values("score")
    Traceback (most recent call last):
    pbanalysis.errors.PbError: sort_values：这张表一行一人，不提供按个人的查看、排序、分组或导出。可用 count(by=…) 和 mean(列, by=…) 按党组织汇总。
    """

    __slots__ = ("__frame", "__policy")

    def __init__(self, frame: pd.DataFrame, policy: Policy = COUNTY_POLICY) -> None:
        self.__frame = frame.drop(columns=[c for c in PERSON_COLUMNS if c in frame])
        self.__policy = policy

    def __len__(self) -> int:
        return len(self.__frame)

    def __repr__(self) -> str:
        return f"PersonRows({len(self)} 行，按党组织汇总：{'、'.join(self.columns)})"

    @property
    def columns(self) -> list[str]:
        """What may be grouped by."""
        return [c for c in self.__frame if c in ORGANISATION_COLUMNS]

    def count(self, by: str) -> pd.DataFrame:
        """Persons of each group and in all; small and derivable counts held back."""
        groups = self.__grouped(by)
        counts = groups.size().rename("n").reset_index()
        return protect_table(counts, [by], policy=self.__policy)[0]

    def mean(self, measure: str, by: str) -> pd.DataFrame:
        """Mean of a measure for each group of at least ten persons; empty for smaller ones."""
        if measure not in _MEASURES or measure not in self.__frame:
            _refuse(measure)
        out = self.__grouped(by)[measure].agg(["count", "mean"]).reset_index()
        least = max(WIDER_POLICY.threshold, self.__policy.threshold)
        few = out["count"] < least
        out["mean"] = out["mean"].astype("Float64").mask(few)
        return out.drop(columns="count")

    def __grouped(self, by: str) -> Any:
        if not isinstance(by, str) or by not in self.columns:
            _refuse(f"by={by}" if isinstance(by, str) else "by")
        return self.__frame.groupby(by, observed=True)

    def __getattr__(self, name: str) -> NoReturn:
        if name.startswith("__"):  # protocols that ask politely: it does not have them
            raise AttributeError(name)
        _refuse(name)

    def __getitem__(self, key: object) -> NoReturn:
        _refuse("[]")

    def __iter__(self) -> NoReturn:
        _refuse("iter")

    def __array__(self, *args: object, **kwargs: object) -> NoReturn:
        _refuse("array")

    def __reduce__(self) -> NoReturn:
        _refuse("pickle")


def _refuse(where: str) -> NoReturn:
    raise PbError(
        Code.PRIVACY_GATE,
        "这张表一行一人，不提供按个人的查看、排序、分组或导出",
        where=where,
        fix="可用 count(by=…) 和 mean(列, by=…) 按党组织汇总",
    )
