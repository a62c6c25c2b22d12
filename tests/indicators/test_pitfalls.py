"""The twenty-nine traps of evaluating a county's Party work, each with the treatment it gets here."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from pbanalysis.calendar import Period
from pbanalysis.indicators import evaluate, known
from pbanalysis.indicators.checks import findings
from pbanalysis.indicators.development import limits
from pbanalysis.indicators.rectification import issues
from pbanalysis.indicators.study import obligations
from pbanalysis.plan import benchmark
from pbanalysis.plan.registry import registry
from pbanalysis.plan.rules import Rule, Rules, rules
from pbanalysis.testing import county_of

A, B, COUNTY = "629901100", "629901101", "629901"
YEAR_END = dt.date(2023, 12, 31)


def county(as_of=YEAR_END, towns=(A, B), **tables):
    """A county of two townships and these tables."""
    rows = [{"township_id": t, "name": t, "kind": "镇", "urban_residents_n": None} for t in towns]
    return county_of({"townships": rows, **tables}, as_of)


def org(org_id, town=A, **more):
    """A branch."""
    return {
        "org_id": org_id,
        "township_id": town,
        "name": org_id,
        "org_type": "branch",
        "domain": "village",
        "groups_n": 0,
        **more,
    }


def meet(n, held_on, types, org_id="a", **more):
    """A meeting."""
    return {"meeting_id": f"m{n}", "org_id": org_id, "held_on": held_on, "types": types, **more}


def item(n, town=A, **more):
    """A dated issue due at the end of June."""
    row = {
        "issue_id": f"i{n}", "township_id": town, "category": "P11", "source": "self", "found_on": "2023-04-01", "problem": "甲", "measure": "乙",
        "owner_named": True, "deadline_kind": "dated", "deadline_original_on": "2023-06-30", "deadline_on": "2023-06-30", "status": "in_progress", "rule_document": False,
    }  # fmt: skip
    return {**row, **more}


def case(n, org_id="a", **steps):
    """A case of admission."""
    return {"case_id": f"c{n}", "org_id": org_id, "outcome": "in_progress", "two_new": False, **steps}


def results(place, period="2023", as_of=None):
    """Evaluate."""
    return evaluate(place, period, as_of)


def test_pitfall_01_small_denominators_get_an_interval_and_no_comparison():
    """3 of 4 closed cannot be told from 100 % or from 40 %: the interval says it, and nothing is compared."""
    rows = [item(n, closed_on="2023-06-01" if n < 3 else None) for n in range(4)]
    row = results(county(issues=rows, ledger_submissions=[])).get("R03", A)
    assert (row.numerator, row.denominator) == (3, 4)
    assert row.ci_low == pytest.approx(0.301, abs=1e-3)
    assert row.ci_high == pytest.approx(0.954, abs=1e-3)
    assert row.vs_county == "not_compared"


def test_pitfall_02_not_yet_due_is_never_not_met():
    """On 30 June nothing yearly is judged, whatever has not been done."""
    place = county(organisations=[org("a")], meetings=[meet(1, "2023-01-05", ["theme_day"])], trainings=[])
    rows = [results(place, "2023", "2023-06-30").get(i, A) for i in ("S13", "S10", "M02-1", "M03-1")]
    assert {r.state for r in rows} <= {"not_due", "unknown"}
    assert rows[0].n_not_due == 1


def test_pitfall_03_a_branch_owes_only_sub_periods_in_which_it_existed_throughout():
    """Founded on 10 May: the first theme day is June's, the first assembly the third quarter's; dissolved likewise."""
    place = county(
        organisations=[org("a", founded_on="2023-05-10"), org("b", dissolved_on="2023-08-30")],
        meetings=[meet(1, "2023-06-01", ["theme_day"])],
    )
    rows = obligations(known(place), Period.parse("2023"))
    first = rows[rows["org_id"] == "a"].groupby("kind", observed=True)["start"].min()
    last = rows[rows["org_id"] == "b"].groupby("kind", observed=True)["end"].max()
    assert str(first["theme_day"].date()) == "2023-06-01"
    assert str(first["assembly"].date()) == "2023-07-01"
    assert str(last["theme_day"].date()) == "2023-07-31"
    assert str(last["assembly"].date()) == "2023-06-30"


def test_pitfall_04_open_issues_are_censored_not_dropped():
    """The mean of the closed ones would say 20 days; with the open ones the median is 30."""
    closings = {10: "2023-04-11", 20: "2023-04-21", 30: "2023-05-01"}
    rows = [item(n, closed_on=day) for n, day in enumerate(closings.values())] + [item(8), item(9)]
    row = results(county(issues=rows, ledger_submissions=[])).get("R06", A)
    assert (row.numerator, row.denominator, row.value) == (3, 5, 30)


def test_pitfall_05_a_moved_deadline_shows():
    """Closed in August after a move to September: done by the current deadline, late by the original."""
    place = county(issues=[item(1, deadline_on="2023-09-30", closed_on="2023-08-01")], ledger_submissions=[])
    found = results(place)
    assert [found.get(i, A).numerator for i in ("R03", "R04", "R08")] == [1, 0, 1]


def test_pitfall_06_standing_issues_never_fall_due():
    """长期坚持 is out of the due ones, and its number is printed."""
    place = county(issues=[item(1, deadline_kind="standing"), item(2)], ledger_submissions=[])
    row = results(place).get("R03", A)
    assert (row.denominator, row.n_na) == (1, 1)


def test_pitfall_07_a_rate_uses_one_population_at_one_date():
    """Covered and operating are read from the same rows: striking off an enterprise moves both."""
    firm = {"township_id": A, "kind": "private", "eligible": True, "instructor": False, "liaison": False}
    rows = [
        {"enterprise_id": "e1", "operating": True, "coverage": "own", **firm},
        {"enterprise_id": "e2", "operating": False, "coverage": "none", **firm},
    ]
    row = results(county(enterprises=rows)).get("M13-4a", A)
    assert (row.numerator, row.denominator) == (1, 1)
    assert "注销" in registry()["M13-4a"].caveats


def test_pitfall_08_enterprises_are_counted_not_organisations():
    """A joint branch of three enterprises covers three; coverage cannot exceed 100 %."""
    firm = {
        "township_id": A,
        "kind": "private",
        "operating": True,
        "eligible": True,
        "instructor": False,
        "liaison": False,
        "coverage": "joint",
    }
    row = results(county(enterprises=[{"enterprise_id": f"e{n}", **firm} for n in range(3)])).get("M13-4a", A)
    assert (row.numerator, row.denominator, row.value) == (3, 3, 1)


def test_pitfall_09_units_for_which_it_makes_no_sense_are_na_not_zero():
    """No community, no admission, no property firm: not applicable, 0/0 without a value."""
    place = county(
        organisations=[org("a")], villages=[], admissions=[], enterprises=[], file_audits=[], followups=[]
    )
    found = results(place)
    for name in ("M10-1", "M10-4", "M10-5", "M10-6", "M10-7", "D04", "D06", "D08", "D09"):
        row = found.get(name, A)
        assert (row.state, row.numerator, row.denominator, row.value) == ("na", 0, 0, None), name


def test_pitfall_10_county_targets_judge_no_township_without_a_quota():
    """A township below one third of professional secretaries is a contribution, unless the county set a quota."""
    village = {"village_id": "v", "township_id": A, "name": "v", "kind": "village"}
    figures = {"village_id": "v", "year": 2023, "secretary_professional": False}
    plain = county(villages=[village], village_years=[figures])
    quota = county(
        villages=[village],
        village_years=[figures],
        quotas=[{"township_id": A, "item_id": "M06-4", "year": 2023, "quota_n": 1}],
    )
    assert results(plain).get("M06-4", A).state == "info"
    assert results(quota).get("M06-4", A).state == "not_met"
    assert results(plain).get("M06-4", COUNTY).state == "not_met"


@pytest.mark.parametrize(("admitted", "need"), [(1, 1), (3, 1), (7, 3), (10, 3), (20, 6)])
def test_pitfall_11_thirty_percent_is_rounded_up_and_only_random_files_speak_for_the_rest(admitted, need):
    """ceil(0.3 N) files satisfy, one fewer does not; a targeted file gives no range."""
    cases = [case(n, assembly_on="2023-06-10") for n in range(admitted)]

    def audits(k, sampling):
        return [
            {
                "case_id": f"c{n}",
                "audited_on": "2023-09-01",
                "level": "county",
                "sampling": sampling,
                "fault": "none",
            }
            for n in range(k)
        ]

    enough = county(organisations=[org("a")], admissions=cases, file_audits=audits(need, "targeted"))
    short = county(organisations=[org("a")], admissions=cases, file_audits=audits(need - 1, "random"))
    assert results(enough).get("D07", COUNTY).state == "met"
    assert results(short).get("D07", COUNTY).state == "not_met"
    assert results(enough).get("D08", A).ci_low is None


def test_pitfall_12_a_county_rate_is_a_ratio_of_sums():
    """1 of 1 and 1 of 9 make 20 %, not the mean of 100 % and 11 %."""
    rows = [item(0, closed_on="2023-06-01")] + [
        item(n, B, closed_on="2023-06-01" if n == 1 else None) for n in range(1, 10)
    ]
    row = results(county(issues=rows, ledger_submissions=[])).get("R03", COUNTY)
    assert (row.numerator, row.denominator, row.value) == (2, 10, 0.2)


def test_pitfall_13_one_off_income_is_pointed_at():
    """A village lifted over 100,000 by a subsidy counts as such, and is listed for verification."""
    village = {"village_id": "v", "township_id": A, "name": "v", "kind": "village"}
    years = [
        {"village_id": "v", "year": 2022, "income_total_yuan": 30000, "income_operating_yuan": 20000},
        {"village_id": "v", "year": 2023, "income_total_yuan": 120000, "income_operating_yuan": 40000},
    ]
    place = county(villages=[village], village_years=years)
    assert results(place).get("M09-5", A).state == "met"
    assert {"income_mostly_one_off", "income_jump"} <= set(findings(place)["code"])


def test_pitfall_14_full_marks_for_holding_meetings_say_little():
    """Two townships that held everything differ in completeness and attendance, which stand beside it."""

    def year(town, **more):
        return [
            meet(f"{town}{m}", f"2023-{m:02d}-05", ["theme_day", "assembly"], org_id=town, **more)
            for m in range(1, 13)
        ]

    place = county(
        organisations=[org("a"), org("b", B)],
        org_counts=[
            {"org_id": o, "as_of": "2022-12-31", "members_n": 5, "full_members_n": 5, "probationary_n": 0}
            for o in "ab"
        ],
        meetings=year("a", topic="学", expected_n=5, present_n=5, minutes="记", evidence_n=1) + year("b"),
    )
    found = results(place)
    assert found.get("S01", A).value == found.get("S01", B).value == 1
    assert found.get("S14", A).value > found.get("S14", B).value
    assert "接近满值" in registry()["S01"].caveats


def test_pitfall_15_a_screen_is_a_lead_and_never_a_verdict():
    """Every record flagged: still info. A Sunday is no flag, and only an audit's finding fills M03-7."""
    sunday = meet(1, "2023-06-04", ["theme_day"], present_n=5, expected_n=5)
    flagged = meet(2, "2023-06-05", ["theme_day"], present_n=6, expected_n=5)
    clean, dirty = (
        county(organisations=[org("a")], meetings=[m], measure_records=[]) for m in (sunday, flagged)
    )
    assert results(clean).get("S15", A).numerator == 0
    assert results(dirty).get("S15", A).state == "info"
    assert results(dirty).get("M03-7", A).state == "unknown"


def test_pitfall_16_more_meetings_are_not_better():
    """Four theme days in January count once."""
    rows = [meet(n, f"2023-01-0{n}", ["theme_day"]) for n in range(1, 5)]
    place = county(organisations=[org("a")], meetings=rows)
    assert results(place, "2023", "2023-01-31").get("S03", A).numerator == 1


def test_pitfall_17_one_event_under_several_labels_is_one_meeting():
    """An assembly that is also theme day and lecture meets both obligations, and is one record of seven cells."""
    place = county(
        organisations=[org("a")],
        meetings=[meet(1, "2023-03-20", ["assembly", "theme_day", "lecture"], present_n=5, expected_n=5)],
    )
    found = results(place, "2023", "2023-03-31")
    assert found.get("S01", A).numerator == 2
    assert found.get("S14", A).denominator == 7
    assert found.get("S04", A).denominator == 5


def test_pitfall_18_attendance_without_expected_is_unknown():
    """Nobody expected is no attendance of 100 %; the caveat names who may have been left out."""
    place = county(
        organisations=[org("a")], meetings=[meet(1, "2023-03-20", ["assembly"], present_n=5, expected_n=0)]
    )
    row = results(place).get("S04", A)
    assert (row.state, row.n_unknown) == ("unknown", 1)
    assert "流动" in registry()["S04"].caveats


def test_pitfall_19_what_is_recorded_late_was_still_held():
    """recorded_on hides nothing: a December meeting entered in January counts at 31 December, and its lag shows."""
    place = county(
        organisations=[org("a")], meetings=[meet(1, "2023-10-05", ["theme_day"], recorded_on="2024-01-15")]
    )
    found = results(place)
    assert found.get("S03", A).numerator == 1
    assert found.get("S15", A).numerator == 1


def test_pitfall_20_missing_is_not_zero():
    """A township without any record is unknown, and its obligations are in no rate of the county."""
    place = county(organisations=[org("a"), org("b", B)], meetings=[meet(1, "2023-01-05", ["theme_day"])])
    found = results(place)
    assert found.get("S03", B).state == "unknown"
    assert found.get("S03", COUNTY).denominator == found.get("S03", A).denominator
    assert found.get("S03", COUNTY).n_unknown == 12


def test_pitfall_21_expiry_day_and_approved_extension_are_on_time():
    """The term's own expiry counts, whatever its length; the extension where it is later."""
    term = {"org_id": "a", "elected_on": "2020-06-30"}
    rows = [
        {**term, "term_no": 1, "term_years": 3, "expires_on": "2023-06-30", "held_on": "2023-06-30"},
        {
            **term,
            "term_no": 2,
            "term_years": 5,
            "expires_on": "2023-06-30",
            "extended_until": "2023-09-30",
            "held_on": "2023-09-30",
        },
        {
            **term,
            "term_no": 3,
            "term_years": 3,
            "expires_on": "2023-06-30",
            "extended_until": "2023-05-31",
            "held_on": "2023-07-01",
        },
    ]
    row = results(county(organisations=[org("a")], elections=rows)).get("R12", A)
    assert (row.numerator, row.denominator) == (2, 3)


@pytest.mark.parametrize(
    ("full", "probationary", "state"), [(50, 0, "met"), (49, 2, "not_met"), (51, 0, "not_met")]
)
def test_pitfall_22_more_than_fifty_members_probationary_ones_included(full, probationary, state):
    """Strictly more than 50 of all members."""
    counts = [
        {
            "org_id": "a",
            "as_of": "2023-06-30",
            "members_n": full + probationary,
            "full_members_n": full,
            "probationary_n": probationary,
        }
    ]
    assert results(county(organisations=[org("a")], org_counts=counts)).get("R11", A).state == state


def test_pitfall_23_limits_run_in_calendar_months_and_gaps_have_four_names():
    """Month end kept, a day later breach; reversed is a breach, missing unknown, future not due, overrun a breach."""
    cases = [
        case(1, applied_on="2023-01-31", talked_on="2023-02-28"),
        case(2, applied_on="2023-01-31", talked_on="2023-03-01"),
        case(3, applied_on="2023-03-02", talked_on="2023-03-01"),
        case(4, talked_on="2023-03-01"),
        case(5, applied_on="2023-12-15"),
        case(6, applied_on="2023-11-30"),
    ]
    rows = limits(known(county(organisations=[org("a")], admissions=cases)), Period.parse("2023"))
    talk = rows[rows["limit"] == "talk"].set_index("case_id")["class"]
    assert talk.to_dict() == {
        "c1": "kept",
        "c2": "breach",
        "c3": "breach",
        "c4": "unknown",
        "c5": "not_due",
        "c6": "breach",
    }


def test_pitfall_24_times_run_from_the_finding_not_from_january():
    """An issue found in May and one found in September, both closed after 20 days, are alike."""
    rows = [
        item(1, found_on="2023-05-01", closed_on="2023-05-21"),
        item(2, found_on="2023-09-01", closed_on="2023-09-21"),
    ]
    frame = issues(known(county(issues=rows)), Period.parse("2023"))
    assert frame["days"].tolist() == [20, 20]


def test_pitfall_25_many_looks_flag_nobody_by_chance():
    """Twenty equal townships, several indicators: outside 95 % happens, a signal does not."""
    rng = np.random.default_rng(1)
    towns = [f"6299011{n:02d}" for n in range(20)]
    rows = [
        item(f"{t}-{n}", t, closed_on="2023-06-01" if rng.random() < 0.8 else None)
        for t in towns
        for n in range(40)
    ]
    frame = results(county(towns=towns, issues=rows, ledger_submissions=[])).frame
    assert set(frame.loc[frame["indicator_id"] == "R03", "vs_county"]) <= {
        "no_signal",
        "possible_high",
        "possible_low",
        "not_compared",
    }


def test_pitfall_26_weak_organisations_were_chosen_for_being_low():
    """Their turning out better is background and says why."""
    indicator = registry()["R10c"]
    assert indicator.target is None
    assert "自然回升" in indicator.caveats


def test_pitfall_27_nothing_in_the_results_leads_to_a_person():
    """No column or unit is a person; what counts persons is marked, so that small counts can be held back."""
    frame = results(county(organisations=[org("a")], admissions=[case(1, assembly_on="2023-06-10")])).frame
    assert set(frame["unit_level"]) == {"township", "county"}
    assert not frame.astype(str).apply(lambda column: column.str.contains("c1")).any().any()
    marked = {i.id for i in registry() if i.counted == "persons"}
    assert {"D04", "D06", "M08-2", "M06-2", "S16", "S17"} <= marked


def test_pitfall_28_national_figures_are_a_line_and_no_target():
    """Every figure has its year and source; no target of the registry is taken from them."""
    assert {f.year for f in benchmark()} == {2022, 2023, 2024}
    assert all(f.source for f in benchmark())
    assert not [i.id for i in registry() if "公报" in i.formula + i.caveats]


def test_pitfall_29_an_old_year_is_judged_by_the_old_rules():
    """24 hours of training satisfy in 2023; before 28 May 2014 it took 40. The row says which rules judged it."""

    def judged(year):
        place = county(
            as_of=dt.date(year, 12, 31), organisations=[org("a")],
            admissions=[case(1, trained_on=f"{year}-03-01", assembly_on=f"{year}-06-10", training_hours=24)],
        )  # fmt: skip
        return results(place, str(year)).get("D05.training", A)

    assert (judged(2023).state, judged(2013).state) == ("met", "not_met")
    assert judged(2023).rule_version != judged(2013).rule_version


def test_a_county_can_be_judged_by_its_own_rules():
    """A rule with validity dates changes the years it covers, and only those."""
    stricter = tuple(
        replace(r, valid_to=dt.date(2023, 12, 31))
        if r.rule_id == "branch.most_members" and r.valid_to is None
        else r
        for r in rules().all
    )
    new = Rule("branch.most_members", 40, "名党员", "县级规定", "党员人数", "local", dt.date(2024, 1, 1))
    counts = [
        {"org_id": "a", "as_of": "2023-06-30", "members_n": 45, "full_members_n": 45, "probationary_n": 0}
    ]
    place = county(as_of=dt.date(2024, 12, 31), organisations=[org("a")], org_counts=counts)
    book = Rules((*stricter, new))
    states = [evaluate(place, year, rule_book=book).get("R11", A).state for year in ("2023", "2024")]
    assert states == ["met", "not_met"]


def test_golden_example_of_a_small_branch_founded_in_may():
    """Six full members, no group, founded 2023-05-10: two assemblies, seven theme days, no committee, no group."""
    place = county(
        organisations=[org("a", founded_on="2023-05-10")],
        org_counts=[
            {"org_id": "a", "as_of": "2023-05-10", "members_n": 6, "full_members_n": 6, "probationary_n": 0}
        ],
        meetings=[meet(1, "2023-06-01", ["theme_day"])],
    )
    rows = obligations(known(place), Period.parse("2023"))
    table = pd.crosstab(rows["kind"], rows["class"] == "na")
    assert table.loc["assembly", False] == 2
    assert table.loc["theme_day", False] == 7
    assert table.loc[["committee", "group"], False].sum() == 0


def test_golden_example_of_the_thirtieth_of_june():
    """S13 and M07-2 not due, the first half of S09 due, R01 due."""
    village = {"village_id": "v", "township_id": A, "name": "v", "kind": "village"}
    place = county(
        organisations=[org("a")], meetings=[meet(1, "2023-01-05", ["theme_day"])], ledger_submissions=[],
        trainings=[{"training_id": "t", "township_id": A, "level": "township", "kind": "business", "start_on": "2023-03-01"}],
        villages=[village], village_years=[{"village_id": "v", "year": 2023, "graduates_n": 0}],
    )  # fmt: skip
    found = results(place, "2023", "2023-06-30")
    assert [found.get(i, A).state for i in ("S13", "M07-2", "S09", "R01")] == [
        "not_due",
        "not_due",
        "met",
        "not_met",
    ]
    assert found.get("S09", A).n_not_due == 1


def test_golden_example_of_a_village_that_passes_one_income_test_only():
    """120,000 in all, 40,000 from operating: M09-5 is met, M09-6 contributes a failure."""
    village = {"village_id": "v", "township_id": A, "name": "v", "kind": "village"}
    years = [{"village_id": "v", "year": 2023, "income_total_yuan": 120000, "income_operating_yuan": 40000}]
    found = results(county(villages=[village], village_years=years))
    assert found.get("M09-5", A).state == "met"
    assert (found.get("M09-6", A).numerator, found.get("M09-6", A).denominator) == (0, 1)
