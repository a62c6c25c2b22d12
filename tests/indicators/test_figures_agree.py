"""What figures of the ledger draw is what its indicators count, on counties full of edges."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import pytest

import pbanalysis as pb
from pbanalysis.calendar import Period
from pbanalysis.exhibits.blocks import text_of
from pbanalysis.store.schema import TABLES
from pbanalysis.store.write import write_store
from pbanalysis.testing import county_of
from pbanalysis.themes import rectification
from pbanalysis.themes.report import Report, published

from .random_county import CODE, TOWNS, make


def issue(number: int, **known: object) -> dict[str, object]:
    """A dated issue found in March, due at the end of June, not closed."""
    day = dt.date(2023, 6, 30)
    row = {
        "issue_id": f"I{number}", "township_id": TOWNS[0], "org_id": None, "category": "P11", "source": "self",
        "found_on": dt.date(2023, 3, 1), "problem": "问题", "measure": "措施", "owner_named": True,
        "deadline_kind": "dated", "deadline_original_on": day, "deadline_on": day, "status": "in_progress",
        "done_on": None, "closed_on": None, "accepted_by": None, "end_reason": None, "reopened_on": None,
        "reclosed_on": None, "rule_document": False,
    }  # fmt: skip
    return {**row, **known}


Make: TypeAlias = Callable[[dict[str, Any], str, dt.date], list[Report]]


@pytest.fixture
def reports(tmp_path: Path) -> Make:
    """Makes the townships' reports on rectification out of rows."""

    def made(tables: dict[str, Any], period: str, as_of: dt.date) -> list[Report]:
        given = county_of(tables, as_of)
        frames = {name: frame for name in TABLES if (frame := given.frame(name)) is not None}
        folder = tmp_path / str(len(list(tmp_path.iterdir())))
        write_store(
            folder, frames, county={"code": CODE, "name": "某县"}, as_of=as_of.isoformat(), sources={}
        )
        county = pb.open_county(folder)
        frame = published(county, Period.parse(period))
        return [pb.rectification(county.township(code), period, frame) for code in TOWNS]

    return made


@pytest.mark.parametrize(
    ("period", "as_of"),
    [("2023", "2023-12-31"), ("2023H1", "2023-06-30"), ("2023H2", "2023-08-31"), ("2023", "2023-03-31")],
)
def test_open_and_overdue_agree_everywhere(reports: Make, period: str, as_of: str) -> None:
    """At a month's end that is the cut-off the stock is what is open, and its overdue part is R05."""
    seen = 0
    for seed in range(6):
        for report in reports(
            make(seed, period, dt.date.fromisoformat(as_of), []), period, dt.date.fromisoformat(as_of)
        ):
            late, found = report.reading("R05"), rectification.ledger(report)
            if late is None or late.state not in ("met", "not_met"):
                continue
            seen += 1
            stock = rectification.burn_down(report)
            last = np.flatnonzero(np.isfinite(stock.open_n))[-1]
            assert stock.overdue_n[last] == late.numerator == rectification.overdue_ages(report).sum()
            assert stock.open_n[last] == found.never + found.again
            assert found.listed == found.closed + found.otherwise + found.never
            assert found.listed == (report.reading("R02").denominator)
            assert found.closed == (report.reading("R07").denominator or 0)
            assert found.no_days == report.reading("R06").n_unknown
    assert seen


def test_an_issue_handed_on_after_the_cut_off_is_in_no_count_and_no_figure(reports: Make) -> None:
    """Its reason stands in the table, its day is not known: not overdue (R03, R05), not followed (R06), not drawn."""
    tables = make(1, "2023", dt.date(2023, 12, 31), [])
    later = issue(2, end_reason="transferred", closed_on=dt.date(2024, 1, 10))
    open_again = issue(
        3, status="closed", end_reason="done", closed_on=dt.date(2023, 5, 1), reopened_on=dt.date(2023, 9, 1)
    )
    merged = issue(4, end_reason="merged", closed_on=dt.date(2023, 5, 1), reopened_on=dt.date(2023, 9, 1))
    tables["issues"] = [issue(1), later, open_again, merged]
    report = reports(tables, "2023", dt.date(2023, 12, 31))[0]
    value = {name: report.reading(name) for name in ("R03", "R05", "R06")}
    assert (value["R05"].numerator, value["R03"].denominator, value["R03"].n_na) == (2, 2, 2)
    assert (value["R06"].denominator, value["R06"].n_unknown) == (3, 1)
    stock = rectification.burn_down(report)
    assert (stock.open_n[-1], stock.overdue_n[-1]) == (2, 2)
    assert stock.open_n[2] == 3  # at the end of March 1, 3 and 4 are open; of 2 it is not known until when
    _, table = rectification.by_category(report)
    assert dict(zip(rectification.STANDINGS, table.sum(axis=0).tolist())) == {
        "已销号": 0, "未到期": 0, "逾期": 2, "无到期日": 0, "其他了结": 2,
    }  # fmt: skip


def test_counts_that_look_alike_are_explained_in_the_report(reports: Make) -> None:
    """An issue open again is closed in one number and open in another: the scorecard says so, with its count."""
    tables = make(1, "2023", dt.date(2023, 12, 31), [])
    closed = {"status": "closed", "end_reason": "done", "accepted_by": "county"}
    tables["issues"] = [
        issue(1),
        *(issue(k, closed_on=dt.date(2023, 5, k), **closed) for k in range(2, 8)),
        issue(8, closed_on=dt.date(2023, 5, 1), reopened_on=dt.date(2023, 9, 1), **closed),
        issue(9, closed_on=dt.date(2023, 5, 1), found_on=None, **closed),
    ]
    report = reports(tables, "2023", dt.date(2023, 12, 31))[0]
    notes = "".join(text_of(note) for note in pb.scorecard(report).notes)
    assert "台账所列问题 9 项：已销号 8 项，一直未办结 1 项。" in notes
    assert "重新打开、截止日没有再销号的 1 项" in notes
    assert "未办结共 2 项" in notes
    assert "R06 只计能算出天数的 8 项问题（其中已销号 7 项），另 1 项" in notes
    assert "重新打开的 1 项" in text_of(pb.plot_open_issues(report).n)
    assert "重新打开的 1 项" in text_of(pb.plot_issue_matrix(report).n)
    assert "1 项算不出天数" in text_of(pb.plot_time_to_close(report).n)
    tables["issues"] = [issue(1), *(issue(k, closed_on=dt.date(2023, 5, k), **closed) for k in range(2, 8))]
    plain = "".join(text_of(n) for n in pb.scorecard(reports(tables, "2023", dt.date(2023, 12, 31))[0]).notes)
    assert "重新打开" not in plain
    assert "R06 只计" not in plain
