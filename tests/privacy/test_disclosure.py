"""Small person counts are held back, and cannot be worked out from what is left."""

from __future__ import annotations

import itertools
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from pbanalysis.errors import Code, Exit, PbError
from pbanalysis.privacy.disclosure import NUMBERS, AuditReport, Policy, protect, protect_table
from pbanalysis.privacy.policy import WIDER_POLICY
from pbanalysis.privacy.relations import RELATIONS, TRAITS, Relation

from .attack import width

SHARED = Path(__file__).parents[2] / ".." / "shared"
TABLES = 500


def results(
    counts: dict[str, Sequence[tuple[float, float | None]]], period: str = "2023", as_of: str = "2023-12-31"
) -> pd.DataFrame:
    """Rows as contract/results.md for towns t0, t1 … and their county, from (numerator, denominator)."""
    rows: list[dict[str, Any]] = []
    for indicator, towns in counts.items():
        sums = (sum(n for n, _ in towns), None if towns[0][1] is None else sum(d or 0 for _, d in towns))
        for k, (num, den) in enumerate([sums, *towns]):
            rows.append(
                {
                    "indicator_id": indicator,
                    "unit_level": "township" if k else "county",
                    "unit_id": f"t{k - 1}" if k else "c",
                    "period": period,
                    "as_of": as_of,
                    "numerator": float(num),
                    "denominator": np.nan if den is None else float(den),
                    "value": float(num) if den is None else num / den if den else np.nan,
                    "ci_low": 0.1,
                    "ci_high": 0.9,
                    "ci_method": "wilson",
                    "n_not_due": 0,
                    "n_na": 0,
                    "n_unknown": 0,
                    "vs_county": "no_signal",
                    "state": "info",
                }
            )
    return pd.DataFrame(rows)


def held(frame: pd.DataFrame) -> set[tuple[str, str]]:
    """(indicator, unit) of the rows held back."""
    out = frame[frame["state"] == "suppressed"]
    return set(zip(out["indicator_id"], out["unit_id"]))


def test_published_case_of_secondary_suppression() -> None:
    """Of 3 + 12 + 20 = 35 the 3 is small; hiding it alone gives it back, so a second number goes."""
    path = SHARED / "methods" / "published_cases.json"
    if not path.exists():
        pytest.skip("the shared published cases are not beside the checkout")
    cases = json.loads(path.read_text(encoding="utf-8"))["cases"]
    case = next(c for c in cases if c["case"] == "suppress_secondary")
    row, total = case["inputs"]["row"], case["inputs"]["total"]
    table = pd.DataFrame({"level": list("abc"), "n": row})
    safe, audit = protect_table(table, ["level"], policy=Policy(case["inputs"]["threshold"]))
    hidden = np.flatnonzero(safe["suppressed"]).tolist()
    assert sum(row) == total
    assert set(case["expected"]["primary"]) < set(hidden)
    assert len(hidden) >= case["expected"]["min_hidden_cells"]
    assert hidden == [0, 1]
    assert audit.ok


class TestWhatIsSmall:
    """Which counts make a row small."""

    @pytest.mark.parametrize(
        ("num", "den", "small"),
        [
            (0, 0, False),
            (0, 12, False),
            (12, 12, False),
            (6, 12, False),
            (1, 12, True),
            (4, 12, True),
            (5, 12, False),
            (8, 12, True),  # four of twelve did not
            (7, 12, False),
            (0, 3, True),
            (3, 3, True),
            (2, None, True),
            (0, None, False),
        ],
    )
    def test_edges_of_the_threshold(self, num: int, den: int | None, small: bool) -> None:
        """1 … 4 in numerator, denominator or their difference is small; 0, all of 5 or more, and 5 are not."""
        other = None if den is None else 900
        frame = results({"S07": [(num, den), (400, other), (300, other)]})
        safe, audit = protect(frame, {"S07"})
        assert (("S07", "t0") in held(safe)) is small
        assert audit.ok

    def test_what_an_organisation_owes_is_listed(self) -> None:
        """Two of 24 admitted without the joint review is the organisation's shortfall: it is printed."""
        frame = results({"D06": [(22, 24), (30, 30), (40, 41)]})
        safe, _ = protect(frame, {"D06"})
        assert not held(safe)

    def test_pitfall_27_failed_reviews_and_unequal_posts_are_printed_for_the_county_alone(self) -> None:
        """M06-2 and M08-2 are held back in every township, also where they are zero, and printed for the county."""
        frame = results({"M08-2": [(0, 20), (6, 30), (0, 40)]})
        safe, audit = protect(frame, {"M08-2"})
        assert held(safe) == {("M08-2", "t0"), ("M08-2", "t1"), ("M08-2", "t2")}
        assert audit.ok

    def test_wider_circulation_hides_more(self) -> None:
        """Six persons may stand in the county's own papers, not in what is passed on."""
        frame = results({"D01": [(6, 30), (40, 90), (50, 90)]})
        assert not held(protect(frame, {"D01"})[0])
        assert ("D01", "t0") in held(protect(frame, {"D01"}, WIDER_POLICY)[0])

    def test_other_counts_are_never_held_back(self) -> None:
        """Meetings, issues and organisations stay, however few."""
        frame = results({"R05": [(1, None), (2, None)], "D01": [(30, 40), (20, 40)]})
        safe, _ = protect(frame, {"D01"})
        pd.testing.assert_frame_equal(safe, frame)

    def test_a_threshold_that_protects_nobody_is_refused(self) -> None:
        """Less than three persons is wrong use."""
        with pytest.raises(PbError) as caught:
            Policy(2)
        assert caught.value.exit_status is Exit.WRONG_USE


def test_a_row_held_back_has_no_number_and_no_comparison() -> None:
    """State suppressed; numbers, interval and n_* empty; the direction of a deviation says as much as a number."""
    safe, audit = protect(results({"D01": [(3, 30), (40, 90), (50, 90)]}), {"D01"})
    row = safe[(safe["unit_id"] == "t0")].iloc[0]
    assert row["state"] == "suppressed"
    assert all(pd.isna(row[c]) for c in NUMBERS)
    assert row["vs_county"] == "not_compared"
    assert isinstance(audit, AuditReport)
    assert "n" not in audit.rows


def test_the_input_is_not_changed() -> None:
    """The county office's results keep every number: a legal shortfall is still listed there."""
    frame = results({"D01": [(3, 30), (40, 90), (50, 90)]})
    before = frame.copy()
    protect(frame, {"D01"})
    pd.testing.assert_frame_equal(frame, before)


class TestComplementary:
    """What a small count could be computed from goes too."""

    def test_the_smallest_sufficient_township_goes(self) -> None:
        """A second township, not the county; the smallest that leaves room."""
        safe, audit = protect(results({"D01": [(3, None), (8, None), (20, None), (30, None)]}), {"D01"})
        assert held(safe) == {("D01", "t0"), ("D01", "t1")}
        assert audit.rows.set_index("unit_id")["reason"].to_dict() == {"t0": "small", "t1": "derivable"}

    def test_two_small_ones_that_leave_too_little_room_take_a_third(self) -> None:
        """1 + 2 hidden, 3 known: each lies in 0 … 3, narrower than the threshold."""
        safe, _ = protect(results({"D01": [(1, None), (2, None), (9, None), (30, None)]}), {"D01"})
        assert held(safe) == {("D01", "t0"), ("D01", "t1"), ("D01", "t2")}

    def test_the_county_goes_where_no_township_helps(self) -> None:
        """All others are zero: hiding a zero hides nothing."""
        safe, audit = protect(results({"S07": [(90, 94), (0, 0), (0, 0)]}), {"S07"})
        assert ("S07", "c") in held(safe)
        assert audit.ok

    def test_one_township_alone(self) -> None:
        """The county is the township; both go."""
        assert held(protect(results({"D01": [(3, 9)]}), {"D01"})[0]) == {("D01", "t0"), ("D01", "c")}

    def test_linked_rows_that_show_the_same_count_go_together(self) -> None:
        """The second township's admitted stand in D01, D06, D07 and the items that are the same rows."""
        admitted = [3, 9, 40, 50]
        full = [(n, n) for n in admitted]
        audited = [(0, n) for n in admitted]
        counts = {
            "D01": [(n, 60) for n in admitted],
            "D06": full,
            "M08-1": full,
            "D07": audited,
            "M08-4": audited,
        }
        safe, audit = protect(results(counts), set(counts))
        for unit in ("t0", "t1"):
            assert {i for i, u in held(safe) if u == unit} == set(counts)
        assert audit.ok

    def test_without_the_links_the_count_would_be_given_away(self) -> None:
        """The same table, protected row by row only: D06 gives back what D01 hides."""
        admitted = [3, 9, 40, 50]
        counts = {"D01": [(n, 60) for n in admitted], "D06": [(n, n) for n in admitted]}
        alone, _ = protect(results({"D01": counts["D01"]}), {"D01"})
        assert len(held(alone)) == 2
        safe, _ = protect(results(counts), set(counts))
        assert ("D06", "t1") in held(safe)

    def test_a_linked_count_of_events_goes_only_as_a_complement(self) -> None:
        """Few follow-ups are no persons; but two follow-ups bound the persons followed up, and go with them."""
        followed = {"M08-5": [(2, 2), (30, 40), (30, 40)], "D14": [(2, 2), (60, 90), (70, 90)]}
        safe, audit = protect(results(followed), {"M08-5"})
        assert ("D14", "t0") in held(safe)
        assert audit.ok
        alone, _ = protect(results({"D14": followed["D14"]}), {"M08-5"})
        assert not held(alone)

    def test_custom_links(self) -> None:
        """A caller may name its own."""
        frame = results({"A": [(3, None), (40, None), (50, None)], "B": [(3, None), (40, None), (50, None)]})
        link = Relation.equal(("A", "numerator"), ("B", "numerator"))
        safe, _ = protect(frame, {"A", "B"}, linked=(link,))
        assert {u for i, u in held(safe) if i == "A"} == {u for i, u in held(safe) if i == "B"}


class TestPeriods:
    """Two periods that are published together, or one after the other."""

    def test_halves_that_add_up(self) -> None:
        """Second half hidden: first half and year together must not give it back."""
        first, second = [(20, 30), (60, 90), (70, 90)], [(2, 12), (60, 90), (70, 90)]
        year = [(a[0] + b[0], a[1] + b[1]) for a, b in zip(first, second)]
        frame = pd.concat(
            [
                results({"D14": c}, period=p)
                for c, p in ((first, "2023H1"), (second, "2023H2"), (year, "2023"))
            ]
        )
        safe, audit = protect(frame, {"D14"})
        assert audit.ok
        mine = safe[(safe["unit_id"] == "t0") & (safe["state"] == "suppressed")]
        assert "2023H2" in set(mine["period"])
        assert len(mine) >= 2

    def test_what_is_out_cannot_be_taken_back(self) -> None:
        """The halves are out, and together they are the year: the gate stops the run with exit 4."""
        first, second = results({"D14": [(20, 40)]}, "2023H1"), results({"D14": [(22, 40)]}, "2023H2")
        out = pd.concat(
            [first[first["unit_level"] == "township"], second[second["unit_level"] == "township"]]
        )
        year = results({"D14": [(42, 80)]})
        year.loc[:, "state"] = "info"
        other = results({"D01": [(3, None), (40, None)]})
        published = results({"D01": [(3, None), (40, None)]}, as_of="2023-11-30")
        published.loc[published["unit_id"] == "t0", "state"] = "suppressed"
        safe, _ = protect(year, {"D14"}, published=out)
        assert not held(safe)
        with pytest.raises(PbError) as caught:
            protect(other, {"D01"}, published=published)
        assert caught.value.code is Code.PRIVACY_GATE
        assert caught.value.exit_status is Exit.GATE
        assert "3" not in caught.value.where

    def test_an_earlier_cut_off_that_was_protected_stays_protected(self) -> None:
        """A count that was hidden in autumn and has not grown must not be shown by the year's table."""
        autumn = results({"D01": [(3, None), (8, None), (40, None)]}, as_of="2023-09-30")
        out, _ = protect(autumn, {"D01"})
        autumn["state"] = out["state"]
        year = results({"D01": [(6, None), (8, None), (41, None)]})
        assert not held(protect(year, {"D01"})[0])  # alone it would be shown whole: 11 - 8 <= t0 <= 6
        safe, audit = protect(year, {"D01"}, published=autumn)
        assert held(safe)
        assert audit.ok


def random_counts(rng: np.random.Generator, towns: int) -> dict[str, list[tuple[int, int]]]:
    """Development counts of a county in which every relation of the contract holds."""
    admitted = rng.poisson(rng.uniform(2, 14), towns)
    joint = rng.binomial(admitted, rng.uniform(0.7, 1))
    audited = rng.binomial(admitted, rng.uniform(0.2, 0.8))
    failed = rng.binomial(admitted - joint, 0.5)
    cases = admitted + rng.poisson(8, towns)
    talk = rng.binomial(cases, 0.6)
    broken = rng.binomial(cases, 0.15)

    def pairs(a: np.ndarray, b: np.ndarray) -> list[tuple[int, int]]:
        return [(int(x), int(y)) for x, y in zip(a, b)]

    return {
        "D01": pairs(admitted, admitted + rng.integers(0, 4, towns)),
        "D06": pairs(joint, admitted),
        "M08-1": pairs(joint, admitted),
        "D07": pairs(audited, admitted),
        "M08-2": pairs(failed, admitted),
        "D04": pairs(cases - broken, cases),
        "D05.talk": pairs(talk - np.minimum(rng.binomial(talk, 0.1), broken), talk),
    }


def narrowest(safe: pd.DataFrame, truth: pd.DataFrame, threshold: int) -> float:
    """Least width an attacker gets on any hidden small count, every relation of the contract in hand."""
    columns = ("numerator", "denominator", "n_not_due", "n_na", "n_unknown")
    published: dict[str, float] = {}
    hidden: list[str] = []
    true: dict[str, float] = {}
    for (_, row), (_, own) in zip(safe.iterrows(), truth.iterrows()):
        for column in columns:
            name = f"{row['period']}|{row['as_of']}|{row['unit_id']}|{row['indicator_id']}|{column}"
            if pd.isna(own[column]):
                continue
            true[name] = float(own[column])
            if row["state"] == "suppressed":
                hidden.append(name)
            else:
                published[name] = float(row[column])
    equal: list[dict[str, float]] = []
    most: list[dict[str, float]] = []
    units = sorted({tuple(n.split("|")[:3]) for n in true})
    indicators = sorted({n.split("|")[3] for n in true})
    for period, day, unit in units:
        for relation in RELATIONS:
            terms = {f"{period}|{day}|{unit}|{i}|{c}": float(f) for (i, c), f in relation.terms.items()}
            if (all(t in true for t in terms) and abs(sum(f * true[t] for t, f in terms.items())) < 1e-9) or (
                relation.sense == "<=" and all(t in true for t in terms)
            ):
                (equal if relation.sense == "==" else most).append(terms)
        for i in indicators:
            stem = f"{period}|{day}|{unit}|{i}|"
            if (
                stem + "numerator" in true
                and stem + "denominator" in true
                and true[stem + "numerator"] <= true[stem + "denominator"]
            ):
                most.append({stem + "numerator": 1.0, stem + "denominator": -1.0})
    for (period, day), i, column in itertools.product(sorted({u[:2] for u in units}), indicators, columns):
        own_units = [u for p, d, u in units if (p, d) == (period, day)]
        names = {u: f"{period}|{day}|{u}|{i}|{column}" for u in own_units}
        if all(n in true for n in names.values()):
            equal.append({n: -1.0 if u == "c" else 1.0 for u, n in names.items()})
    days = sorted({d for _, d, _ in units})
    for (i, column), unit, (a, b) in itertools.product(
        [("D01", "numerator"), ("D06", "denominator"), ("D07", "denominator"), ("D06", "numerator")],
        sorted({u for _, _, u in units}),
        itertools.pairwise(days),
    ):
        earlier, later = f"2023|{a}|{unit}|{i}|{column}", f"2023|{b}|{unit}|{i}|{column}"
        if earlier in true and later in true and true[earlier] <= true[later]:
            most.append({earlier: 1.0, later: -1.0})
    least = float("inf")
    for name in hidden:
        stem, column = name.rsplit("|", 1)
        if column not in ("numerator", "denominator"):
            continue
        targets = [({name: 1.0}, true[name])]
        if column == "numerator" and f"{stem}|denominator" in true and stem.rsplit("|", 1)[1] in TRAITS:
            targets.append(
                ({f"{stem}|denominator": 1.0, name: -1.0}, true[f"{stem}|denominator"] - true[name])
            )
        for target, size in targets:
            if 1 <= size < threshold:
                least = min(least, width(target, published, hidden, equal, most))
    return least


@pytest.mark.slow
@pytest.mark.parametrize("part", range(6))
def test_attacker_gets_no_tight_interval_on_linked_results(part: int) -> None:
    """Random counties in which every relation of the contract holds: no hidden small count is pinned to < 5."""
    rng = np.random.default_rng(part)
    for _ in range(6):
        truth = results(random_counts(rng, int(rng.integers(3, 7))))
        safe, audit = protect(truth, set(truth["indicator_id"]))
        assert audit.ok
        assert narrowest(safe, truth, 5) >= 5 - 1e-6


@pytest.mark.slow
@pytest.mark.parametrize("part", range(4))
def test_attacker_gets_no_tight_interval_from_two_periods(part: int) -> None:
    """Two cut-offs of one year published together: what grew in between gives nothing away."""
    rng = np.random.default_rng(100 + part)
    for _ in range(3):
        towns = int(rng.integers(3, 6))
        first = rng.poisson(6, towns)
        second = first + rng.poisson(2, towns)
        joint = rng.binomial(first, 0.9)
        later = joint + rng.binomial(second - first, 0.9)
        truth = pd.concat(
            [
                results(
                    {"D01": list(zip(a, a + 2)), "D06": list(zip(j, a)), "D07": list(zip(a * 0, a))}, as_of=d
                )
                for a, j, d in ((first, joint, "2023-09-30"), (second, later, "2023-12-31"))
            ],
            ignore_index=True,
        )
        safe, audit = protect(truth, set(truth["indicator_id"]))
        assert audit.ok
        assert narrowest(safe, truth, 5) >= 5 - 1e-6


@pytest.mark.parametrize("part", range(10))
def test_attacker_gets_no_tight_interval_on_tables(part: int) -> None:
    """500 random tables with margins, two and three ways: no hidden small cell is pinned to < 5."""
    rng = np.random.default_rng(1000 + part)
    for _ in range(TABLES // 10):
        shape = tuple(rng.integers(2, 5, int(rng.integers(1, 3))))
        counts = rng.poisson(rng.uniform(1, 14), shape)
        keys = list(itertools.product(*[[f"{d}{k}" for k in range(n)] for d, n in enumerate(shape)]))
        by = [f"d{k}" for k in range(len(shape))]
        table = pd.DataFrame(keys, columns=by).assign(n=counts.ravel())
        if counts.sum() == 0:
            continue
        safe, audit = protect_table(table, by)
        assert audit.ok
        assert table_width(safe, table, by) >= 5 - 1e-6


def table_width(safe: pd.DataFrame, table: pd.DataFrame, by: list[str]) -> float:
    """Least width an attacker gets on a hidden small cell or margin."""
    true = {"|".join(k): float(n) for *k, n in table.itertuples(index=False, name=None)}
    equal = []
    for mask in range(1, 2 ** len(by)):
        groups: dict[str, dict[str, float]] = {}
        for key in table[by].itertuples(index=False, name=None):
            total = "|".join("合计" if mask >> d & 1 else part for d, part in enumerate(key))
            groups.setdefault(total, {total: -1.0})["|".join(key)] = 1.0
        equal += groups.values()
        true |= {t: sum(true[k] for k, f in terms.items() if f > 0) for t, terms in groups.items()}
    names = ["|".join(k) for k in safe[by].itertuples(index=False, name=None)]
    hidden = [n for n, gone in zip(names, safe["suppressed"]) if gone]
    published = {n: float(v) for n, v, gone in zip(names, safe["n"], safe["suppressed"]) if not gone}
    assert all(published[n] == true[n] for n in published)
    small = [n for n in hidden if 1 <= true[n] < 5]
    return min((width({n: 1.0}, published, hidden, equal) for n in small), default=float("inf"))


class TestTable:
    """Tables of counts with their margins."""

    def test_margins_that_are_held_back_elsewhere_stay_hidden(self) -> None:
        """A township whose D01 row is held back is not given away by the profile's total."""
        table = pd.DataFrame(
            [
                ("t0", "女", 1),
                ("t0", "男", 2),
                ("t1", "女", 20),
                ("t1", "男", 30),
                ("t2", "女", 25),
                ("t2", "男", 40),
            ],
            columns=["township_id", "level", "n"],
        )
        safe, audit = protect_table(table, ["township_id", "level"], withheld={("t0", "合计")})
        gone = set(safe.loc[safe["suppressed"], ["township_id", "level"]].itertuples(index=False, name=None))
        assert ("t0", "合计") in gone
        assert len([k for k in gone if k[1] == "合计"]) >= 2
        assert audit.ok

    def test_nothing_small_nothing_hidden(self) -> None:
        """Zero and five are shown."""
        table = pd.DataFrame({"level": list("abc"), "n": [0, 5, 20]})
        safe, audit = protect_table(table, ["level"])
        assert not safe["suppressed"].any()
        assert audit.secrets == 0
