"""The rows behind a number: they add up to it, and none is a person."""

from __future__ import annotations

import pytest

import pbanalysis as pb
from pbanalysis.calendar import Period
from pbanalysis.explore.behind import behind
from pbanalysis.explore.by_unit import PARTS
from pbanalysis.explore.units import BUILDERS, PERSONS, why_none
from pbanalysis.indicators import evaluate, known
from pbanalysis.plan.registry import registry
from pbanalysis.privacy.persons import PERSON_COLUMNS
from pbanalysis.terms import STATES

CASES = [("2023", "2023-12-31"), ("2023H1", "2023-08-15"), ("2023", "2023-05-10"), ("2023H2", "2023-12-31")]
SHOWN = [i for i in registry() if i.level != "other" and not why_none(i)]


def parts_of(row, indicator) -> list[float]:
    """The row's counts as far as units carry them."""
    counts = [row.numerator or 0, row.denominator or 0, row.n_not_due, row.n_na, row.n_unknown]
    if indicator.kind == "count":
        counts[1] = 0  # a count has no denominator
    if indicator.counting == "learning.events":
        counts[2:] = [0, 0, 0]  # left out are townships, not the trainings listed
    return counts


@pytest.mark.parametrize(("period", "as_of"), CASES)
def test_rows_add_up_to_the_result_of_every_township(county, period, as_of):
    """For every indicator with rows the columns sum to its row of the results, at any cut-off."""
    at, results = known(county, as_of), evaluate(county, period, as_of)
    for indicator in SHOWN:
        builder = {**BUILDERS, **PERSONS}[indicator.counting]
        for position, code in enumerate(at.towns):
            rows = builder(at, Period.parse(period), indicator, position)
            sums = [float(rows[name].sum()) for name in PARTS]
            expected = parts_of(results.get(indicator.id, code), indicator)
            if indicator.kind == "count":
                sums[1] = 0
            if indicator.counting == "learning.events":
                sums[2:] = [0, 0, 0]
            assert sums == expected, (indicator.id, code)


def test_every_indicator_has_rows_or_says_why_it_has_none(county):
    """Rows where units can be listed; else the reason stands under the number, and persons are never listed."""
    for indicator in registry():
        if indicator.level == "other":
            continue
        theme = indicator.theme if indicator.theme != "supporting" else "rectification"
        report = pb.view(county, theme=theme).report
        shown, why = behind(report, indicator.id), why_none(indicator)
        if report.reading(indicator.id).state == "suppressed":
            assert shown.frame.empty
        elif why:
            assert shown.frame.empty
            assert why in shown.note
        if indicator.counted == "persons":
            assert why or indicator.counting in PERSONS, indicator.id
    assert len(SHOWN) > 60


def test_no_row_is_a_person(county):
    """No builder returns a column or a value that leads to a person or quotes free text."""
    keys = {
        str(k)
        for name in ("admissions", "test_scores")
        for c in PERSON_COLUMNS
        if c in county.frame(name)
        for k in county.frame(name)[c]
    }
    at = known(county)
    for indicator in SHOWN:
        builder = {**BUILDERS, **PERSONS}[indicator.counting]
        rows = builder(at, Period.parse("2023"), indicator, 0)
        assert not PERSON_COLUMNS & set(rows.columns)
        assert not keys & {str(value) for name in rows for value in rows[name]}


def test_numbers_of_persons_are_protected_by_branch(county):
    """By branch no count of 1–4 persons stands open, and the margins are the township's published sums."""
    for indicator in ("S04", "S07", "D04"):
        for code in county.townships["township_id"]:
            theme = registry()[indicator].theme
            view = pb.view(county, theme=theme, indicator=indicator, township=code)
            shown = behind(view.report, indicator)
            if "分母" not in shown.frame:
                assert any(said in shown.note for said in ("乡镇一级", "依规定不予公布", "没有可列的单位"))
                continue
            open_counts = [
                int(v)
                for name in ("分子", "未达到", "分母")
                for v in shown.frame[name]
                if v != STATES["suppressed"]
            ]
            assert not [n for n in open_counts if 1 <= n < 5]
            total = shown.frame.iloc[-1]
            row = view.report.reading(indicator)
            assert (int(total["分子"]), int(total["分母"])) == (row.numerator, row.denominator)


def test_what_is_withheld_for_the_township_is_withheld_below(county):
    """Where the township's own number is held back, no row behind it is listed."""
    held = [
        (code, i.id, theme)
        for theme in ("study", "development")
        for code in county.townships["township_id"]
        for i in registry().headline(theme)
        if (r := pb.view(county, theme=theme, township=code).report.reading(i.id)) and r.state == "suppressed"
    ]
    assert held
    for code, indicator, theme in held:
        shown = behind(pb.view(county, theme=theme, township=code).report, indicator)
        assert shown.frame.empty
        assert "依规定不予公布" in shown.note


def test_behind_the_cases_stand_their_time_limits_as_published(county):
    """Where branches are too small, D04 shows the seven limits of the report, withheld ones by name."""
    seen = 0
    for code in county.townships["township_id"]:
        report = pb.view(county, theme="development", township=code).report
        shown = behind(report, "D04")
        if "环节" in shown.frame:
            seen += 1
            states = [STATES[r.state] for r in report.readings if r.id.startswith("D05.")]
            assert list(shown.frame["状态"]) == states
            hidden = shown.frame["状态"] == STATES["suppressed"]
            assert set(shown.frame.loc[hidden, "合规/到期"]) <= {STATES["suppressed"]}
    assert seen


def test_rows_need_a_township_and_a_known_indicator(county):
    """The county's report and an unknown indicator are refused in one paragraph."""
    with pytest.raises(pb.PbError, match="按乡镇"):
        behind(pb.county_overview(county, period="2023", results=pb.results(county, "2023")), "S01")
    with pytest.raises(pb.PbError, match="没有这个指标"):
        behind(pb.view(county).report, "S99")
    with pytest.raises(pb.PbError, match="县直单位"):
        behind(pb.view(county).report, "M01-2")
