"""The trial corner: which states change, always marked, never about persons, never a bare rank."""

from __future__ import annotations

import re

import pytest

import pbanalysis as pb
from pbanalysis.errors import Code
from pbanalysis.explore.composite import may_be_part
from pbanalysis.explore.trial import MARK, what_if
from pbanalysis.explore.widgets import Explorer
from pbanalysis.indicators import evaluate
from pbanalysis.plan.registry import registry

PERSONS = {f"{i.id} {i.name}" for i in registry() if i.counted == "persons"}


def test_official_assumptions_change_nothing(county):
    """With nothing assumed no state changes."""
    assert what_if(county).changes.empty
    assert what_if(county, as_of=county.as_of, targets={"R03": 1}).changes.empty


def test_a_lower_target_turns_exactly_those_that_reach_it(county):
    """Only verdicts change, and only where the counts reach the other target."""
    frame = evaluate(county, "2023").frame
    rows = frame[(frame["indicator_id"] == "R03") & (frame["unit_level"] == "township")]
    expected = rows[(rows["state"] == "not_met") & (rows["numerator"] / rows["denominator"] >= 0.5)]
    changes = what_if(county, targets={"R03": 0.5}).changes
    mine = changes[changes["指标"].str.startswith("R03 ")]
    assert len(mine) == len(expected) > 0
    assert set(mine["试算状态"]) == {"达标"}


def test_another_cut_off_or_rule_changes_states(county):
    """An earlier cut-off makes what was not due then not due; a rule changes what is owed."""
    earlier = what_if(county, as_of="2023-06-30").changes
    assert "未到期" in set(earlier["试算状态"])
    assert len(what_if(county, thresholds={"branch.most_members": 20}).changes) > 0


def test_peers_and_least_size_change_comparisons_alone(county):
    """Another family of comparisons leaves every state."""
    changes = what_if(county, least=10_000).changes
    assert (changes["正式状态"] == changes["试算状态"]).all()
    assert set(changes["试算与参照比"]) <= {"不作比较"}
    kind = county.townships["kind"].iloc[0]
    assert (what_if(county, kind=kind).changes.eval("正式状态 == 试算状态")).all()


def test_it_is_marked_and_leaves_persons_out(county):
    """Every rendering begins with the mark; indicators that count persons are not in it."""
    trial = what_if(county, as_of="2023-06-30")
    assert MARK in trial._repr_html_()
    assert repr(trial).startswith(MARK)
    assert not PERSONS & set(trial.changes["指标"])


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"thresholds": {"no.rule": 1}}, "没有这条规则"),
        ({"thresholds": {"approval.months": 6}}, "只影响按人计数"),
        ({"targets": {"S07": 0.9}}, "没有目标"),
        ({"targets": {"X1": 0.9}}, "没有这个指标"),
        ({"kind": "县"}, "没有这类乡镇"),
        ({"as_of": "2023/06/30"}, "日期写法不认识"),
    ],
)
def test_wrong_assumptions_are_refused(county, arguments, said):
    """An unknown rule, indicator, kind or date is one paragraph."""
    with pytest.raises(pb.PbError, match=said):
        what_if(county, **arguments)


def test_a_composite_prints_ranges_only(county):
    """Places stand as a range or as words; townships keep the official order; weights are told twice."""
    made = pb.composite(county, weights={"S01": 2, "S03": 1, "R03": 1})
    shown = re.sub(r"第\d+—\d+位", "", made._repr_html_())
    assert MARK in shown
    assert not re.search(r"第\s*\d+\s*[位名]", shown)
    assert list(made.townships["乡镇"]) == list(county.townships["name"])
    assert made.weights.shape == (3, 3)
    for text in made.townships["可能的位次"]:
        if found := re.search(r"第(\d+)—(\d+)位", text):
            assert int(found[1]) < int(found[2])


def test_policy_and_persons_stay_out_of_a_composite(county):
    """Background by policy, counts of persons and counts are refused with the reason."""
    for name in ("S07", "D04", "S15", "R05", "S16"):
        with pytest.raises(pb.PbError) as caught:
            pb.composite(county, weights={"S01": 1, name: 1})
        assert caught.value.code is Code.POLICY_GATE
    assert not any(may_be_part(i) for i in registry() if i.counted == "persons" or i.background)


def test_the_corner_of_the_explorer_answers(county):
    """Its buttons give marked answers; a refusal is said and nothing breaks."""
    explorer = Explorer(pb.view(county, indicator="S01"))
    explorer._tab.selected_index = 3
    corner = explorer._corner
    corner._target.value = 0.1
    corner._try.click()
    assert MARK in corner._answer.value
    assert "S01" in corner._answer.value
    corner._rule.value = "branch.most_members"
    assert corner._value.value == 50
    corner._value.value = 20
    corner._try.click()
    assert "= 20" in corner._answer.value
    assert "R11" in corner._answer.value
    corner._mix.click()
    assert "可能的位次" in corner._answer.value
    for slider in corner._weights.children:
        slider.value = 0
    corner._mix.click()
    assert "✘" in corner._answer.value
