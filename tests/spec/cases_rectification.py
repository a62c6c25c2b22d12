"""Worked cases of the theme 整改成效."""

from __future__ import annotations

from .ledger import (
    Spec,
    branch,
    closed,
    expect,
    grade,
    issue,
    ledger,
    members,
    record,
    supervision,
    term,
    weak,
)


def issues(*rows, submitted="2023-05-20"):
    """Issues, and the day the ledger was handed in."""
    return {"issues": list(rows), "ledger_submissions": [ledger(submitted)]}


def no_issue(indicator, *, count=False):
    """No issue: reported none; not handed in before and from 31 May."""
    n, d = (None, None) if count else (0, 0)
    early = expect(0, None, "not_due") if count else expect(0, 0, "not_due")
    return [
        Spec(indicator, "台账已报、没有问题：不适用", issues(), expect(n, d, "na")),
        Spec(indicator, "5月30日台账未报：未到期", issues(submitted=None), early, as_of="2023-05-30"),
        Spec(
            indicator,
            "5月31日台账仍未报：数据缺失",
            issues(submitted=None),
            expect(n, d, "unknown"),
            as_of="2023-05-31",
        ),
    ]


def orgs(*, dissolved=None, terms=(), **more):
    """One branch and its terms."""
    return {"organisations": [branch(dissolved_on=dissolved)], "elections": list(terms), **more}


def sized(n, as_of="2023-06-30"):
    """A branch of ``n`` members."""
    return {"organisations": [branch()], "org_counts": [members(full=n, as_of=as_of)]}


SPECS = [
    Spec("R01", "5月31日当天报送：按时", {"ledger_submissions": [ledger("2023-05-31")]}, expect(1, 1, "met")),
    Spec("R01", "6月1日报送：逾期", {"ledger_submissions": [ledger("2023-06-01")]}, expect(0, 1, "not_met")),
    Spec("R01", "5月31日没有报送日期：未按时", {"ledger_submissions": []}, expect(0, 1, "not_met"), as_of="2023-05-31"),
    Spec("R01", "5月30日还没报：未到期", {"ledger_submissions": []}, expect(0, 0, "not_due", n_not_due=1), as_of="2023-05-30"),
    Spec("R01", "没有收集报送记录：数据缺失", {}, expect(0, 0, "unknown", n_unknown=1)),
    Spec("R02", "缺措施一条；长期坚持、立行立改算有时限，未定时限和有时限没日期的不算", issues(issue(), issue(measure=None), issue(deadline_kind="standing"), issue(deadline_kind="immediate"), issue(deadline_kind="none"), issue(deadline_on=None, deadline_original_on=None)), expect(3, 6, "not_met")),
    *no_issue("R02"),
    Spec("R03", "到期当天销号；过期未销号；长期坚持和已合并的不适用；次年到期的未到期", issues(closed("2023-06-30"), issue(), issue(deadline_kind="standing"), issue(end_reason="merged", closed_on="2023-06-01"), issue(deadline_on="2024-01-01")), expect(1, 2, "not_met", n_na=2, n_not_due=1)),
    Spec("R03", "到期当天没销号即逾期", issues(issue()), expect(0, 1, "not_met"), as_of="2023-06-30"),
    Spec("R03", "到期前一天：未到期", issues(issue()), expect(0, 0, "not_due", n_not_due=1), as_of="2023-06-29"),
    Spec("R03", "延期后的时限是现行时限", issues(issue(deadline_on="2024-03-31")), expect(0, 0, "not_due", n_not_due=1)),
    Spec("R03", "逾期才销号也算完成（按时与否看R04）", issues(closed("2023-09-01")), expect(1, 1, "met")),
    Spec("R03", "销号后重新打开、没有再销号：不算完成；再次销号的算", issues(closed("2023-06-01", reopened_on="2023-08-01"), closed("2023-06-01", reopened_on="2023-08-01", reclosed_on="2023-09-01")), expect(1, 2, "not_met")),
    Spec("R03", "状态写“已销号”没有日期：不算销号", issues(issue(status="closed")), expect(0, 1, "not_met")),
    Spec("R03", "有时限没有日期：数据缺失", issues(issue(deadline_on=None, deadline_original_on=None)), expect(0, 0, "unknown", n_unknown=1)),
    *no_issue("R03"),
    Spec("R04", "原定6月30日，延到9月30日，8月销号：按原定时限不算", issues(closed("2023-08-01", deadline_on="2023-09-30"), closed("2023-06-30")), expect(1, 2, "info")),
    Spec("R04", "没有原定时限：数据缺失", issues(issue(deadline_original_on=None)), expect(0, 0, "unknown", n_unknown=1)),
    Spec("R04", "原定时限未到：未到期", issues(issue()), expect(0, 0, "not_due", n_not_due=1), as_of="2023-06-29"),
    *no_issue("R04"),
    Spec("R05", "三项到期，一项未销号", issues(closed("2023-06-30"), closed("2023-07-30"), issue()), expect(1, None, "not_met")),
    Spec("R05", "没有逾期：0项，达标", issues(closed("2023-06-30"), issue(deadline_on="2024-01-01")), expect(0, None, "met", n_not_due=1)),
    Spec("R05", "都没到期", issues(issue()), expect(0, None, "not_due", n_not_due=1), as_of="2023-06-29"),
    *no_issue("R05", count=True),
    Spec("R06", "10、20、30、60天销号，25、90天仍未销号：中位数30天", issues(*[closed(f"2023-{m:02d}-{d:02d}", found_on="2023-04-01") for m, d in ((4, 11), (4, 21), (5, 1), (5, 31))], issue(found_on="2023-06-05"), issue(found_on="2023-04-01")), expect(4, 6, "info", value=30), as_of="2023-06-30"),
    Spec("R06", "转办的在办结日删失；没有发现日期的不能追踪", issues(issue(end_reason="transferred", closed_on="2023-05-01"), issue(found_on=None)), expect(0, 1, "info", n_unknown=1, value=None)),
    Spec("R06", "合并没有日期：数据缺失", issues(issue(end_reason="merged")), expect(0, 0, "unknown", n_unknown=1)),
    *no_issue("R06"),
    Spec("R07", "两项销号，一项有验收", issues(closed("2023-06-01", accepted_by="county"), closed("2023-06-01"), issue()), expect(1, 2, "not_met")),
    Spec("R07", "没有销号的：不适用", issues(issue()), expect(0, 0, "na")),
    *no_issue("R07"),
    Spec("R08", "一项延期，一项缺原定时限", issues(issue(deadline_on="2023-09-30"), issue(), issue(deadline_original_on=None), issue(deadline_kind="standing")), expect(1, 2, "info", n_unknown=1)),
    Spec("R08", "没有明确时限的问题：不适用", issues(issue(deadline_kind="standing")), expect(0, 0, "na")),
    *no_issue("R08"),
    Spec("R09", "第365天重新打开算反弹，第366天不算", issues(closed("2022-06-01", found_on="2022-04-01", reopened_on="2023-06-01", reclosed_on=None), closed("2022-06-01", found_on="2022-04-01", reopened_on="2023-06-02")), expect(1, 2, "not_met")),
    Spec("R09", "没有反弹：达标", issues(closed("2023-06-01")), expect(0, 1, "met")),
    Spec("R09", "没有销号的：不适用", issues(issue()), expect(0, 0, "na")),
    *no_issue("R09"),
    Spec("R16", "两项销号，一项形成制度", issues(closed("2023-06-01", rule_document=True), closed("2023-06-01"), issue(rule_document=True)), expect(1, None, "info")),
    Spec("R16", "没有销号的：不适用", issues(issue()), expect(None, None, "na")),
    *no_issue("R16", count=True),
    Spec("R10a", "两个软弱涣散党组织，一个有方案", {"organisations": [branch(), branch("B")], "weak_orgs": [weak(plan=True), weak(org_id="B")]}, expect(1, 2, "not_met")),
    Spec("R10a", "都有：达标", {"organisations": [branch()], "weak_orgs": [weak(plan=True)]}, expect(1, 1, "met")),
    Spec("R10a", "本年没有列入的：不适用", {"organisations": [branch()], "weak_orgs": [weak(cycle_year=2022, listed_on="2022-03-01")]}, expect(0, 0, "na")),
    Spec("R10a", "没有收集：数据缺失", {"organisations": [branch()]}, expect(0, 0, "unknown")),
    Spec("R10b", "有领导包抓", {"organisations": [branch()], "weak_orgs": [weak(leader=True)]}, expect(1, 1, "met")),
    Spec("R10b", "没有列入的：不适用", {"organisations": [branch()], "weak_orgs": []}, expect(0, 0, "na")),
    Spec("R10c", "截止日当天验收转化算；继续整顿不算", {"organisations": [branch(), branch("B")], "weak_orgs": [weak(accepted_on="2023-12-31", result="converted"), weak(org_id="B", accepted_on="2023-12-01", result="continuing")]}, expect(1, 2, "info")),
    Spec("R10c", "截止日后验收的还不知道", {"organisations": [branch()], "weak_orgs": [weak(accepted_on="2024-01-01", result="converted")]}, expect(0, 1, "info")),
    Spec("R10c", "没有列入的：不适用", {"organisations": [branch()], "weak_orgs": []}, expect(0, 0, "na")),
    Spec("R11", "50人：不超过", sized(50), expect(0, None, "met")),
    Spec("R11", "51人：超过", sized(51), expect(1, None, "not_met")),
    Spec("R11", "截止日后的人数还不知道：数据缺失", sized(51, "2024-01-01"), expect(None, None, "unknown", n_unknown=1)),
    Spec("R11", "截止日前已撤销：不适用", {"organisations": [branch(dissolved_on="2023-12-30")], "org_counts": [members(full=51)]}, expect(None, None, "na")),
    Spec("R11", "截止日当天撤销的仍算", {"organisations": [branch(dissolved_on="2023-12-31")], "org_counts": [members(full=51)]}, expect(1, None, "not_met")),
    Spec("R12", "届满当天换届：按期", orgs(terms=[term("2023-06-30", held_on="2023-06-30")]), expect(1, 1, "met")),
    Spec("R12", "届满次日换届：逾期", orgs(terms=[term("2023-06-30", held_on="2023-07-01")]), expect(0, 1, "not_met")),
    Spec("R12", "批准延期到9月30日，当天换届：按期", orgs(terms=[term("2023-06-30", extended_until="2023-09-30", held_on="2023-09-30")]), expect(1, 1, "met")),
    Spec("R12", "批准延期未到：未到期", orgs(terms=[term("2023-06-30", extended_until="2024-03-31")]), expect(0, 0, "not_due", n_not_due=1)),
    Spec("R12", "届满当天没换届：逾期", orgs(terms=[term("2023-06-30")]), expect(0, 1, "not_met"), as_of="2023-06-30"),
    Spec("R12", "届满前撤销、没有换届：不适用", orgs(dissolved="2023-05-31", terms=[term("2023-06-30")]), expect(0, 0, "na", n_na=1)),
    Spec("R12", "期内没有届满的：不适用", orgs(terms=[term("2025-06-30")]), expect(0, 0, "na")),
    Spec("R12", "没有一条任期记录：数据缺失", orgs(), expect(0, 0, "unknown")),
    Spec("R13", "8月31日届满，2月28日提醒：满6个月当天", orgs(terms=[term("2023-08-31", reminded_on="2023-02-28")]), expect(1, 1, "met")),
    Spec("R13", "3月1日提醒：晚一天", orgs(terms=[term("2023-08-31", reminded_on="2023-03-01")]), expect(0, 1, "not_met")),
    Spec("R13", "截止日后6个月内届满的也要看", orgs(terms=[term("2024-06-30")]), expect(0, 1, "not_met")),
    Spec("R13", "提醒期限在截止日之后：未到期", orgs(terms=[term("2023-12-31")]), expect(0, 0, "not_due", n_not_due=1), as_of="2023-06-29"),
    Spec("R13", "届满前撤销：不适用", orgs(dissolved="2023-05-31", terms=[term("2023-06-30")]), expect(0, 0, "na", n_na=1)),
    Spec("R13", "没有任期记录：数据缺失", orgs(), expect(0, 0, "unknown")),
    Spec("R14", "到期当天回复按期；没有回复期限的不适用", {"supervisions": [supervision("2023-06-01", reply_due_on="2023-06-15", replied_on="2023-06-15"), supervision("2023-06-01", reply_due_on="2023-06-15", replied_on="2023-06-16"), supervision("2023-07-01")]}, expect(1, 2, "info", n_na=1)),
    Spec("R14", "回复期限未到：未到期", {"supervisions": [supervision("2023-12-20", reply_due_on="2023-12-31")]}, expect(0, 0, "not_due", n_not_due=1), as_of="2023-12-30"),
    Spec("R14", "没有督办：不适用", {"supervisions": []}, expect(0, 0, "na")),
    Spec("R14", "没有收集：数据缺失", {}, expect(0, 0, "unknown")),
    Spec("R15", "一升一降一平：净变化0", {"organisations": [branch(x) for x in "ABC"], "branch_grades": [grade(2022, 2), grade(2023, 1), grade(2022, 1, "B"), grade(2023, 2, "B"), grade(2022, 1, "C"), grade(2023, 1, "C")]}, expect(0, None, "info")),
    Spec("R15", "定级办法变更：不适用", {"organisations": [branch()], "branch_grades": [grade(2022, 2, scheme="星级"), grade(2023, 1, scheme="分类定级")]}, expect(None, None, "na", n_na=1)),
    Spec("R15", "两种办法都有两年的：按名称取第一个（分类定级）", {"organisations": [branch()], "branch_grades": [grade(2022, 2, scheme="星级"), grade(2023, 1, scheme="星级"), grade(2022, 1, scheme="分类定级"), grade(2023, 2, scheme="分类定级")]}, expect(-1, None, "info")),
    Spec("R15", "本年没有定级：数据缺失", {"organisations": [branch()], "branch_grades": [grade(2022, 2)]}, expect(None, None, "unknown", n_unknown=1)),
    Spec("R15", "年度没结束：未到期", {"organisations": [branch()], "branch_grades": [grade(2022, 2)]}, expect(0, None, "not_due", n_not_due=1), as_of="2023-12-30"),
    # items of the plan
    Spec("M03-1", "两个支部一个定级", {"organisations": [branch(), branch("B")], "branch_grades": [grade(2023, 1)]}, expect(1, 2, "not_met")),
    Spec("M03-1", "年度没结束", {"organisations": [branch()], "branch_grades": [grade(2022, 1)]}, expect(0, 0, "not_due", n_not_due=1), as_of="2023-12-30"),
    Spec("M03-1", "全乡镇没有一个定级：数据缺失", {"organisations": [branch()], "branch_grades": []}, expect(0, 0, "unknown", n_unknown=1)),
    Spec("M03-3", "年末排查20/23", {"measure_records": [record("M03-3", 20, 23)]}, expect(20, 23, "not_met")),
    Spec("M03-3", "年中排查完：提前达标", {"measure_records": [record("M03-3", 23, 23, "2023-06-30")]}, expect(23, 23, "met"), as_of="2023-06-30"),
    Spec("M03-3", "年中没报：未到期", {"measure_records": []}, expect(0, 0, "not_due", n_not_due=1), as_of="2023-06-30"),
    Spec("M03-6", "台账15/16", {"measure_records": [record("M03-6", 15, 16)]}, expect(15, 16, "not_met")),
    Spec("M03-7", "核查57份，查实0份：达标", {"measure_records": [record("M03-7", 0, 57)]}, expect(0, 57, "met")),
    Spec("M03-7", "查实1份：未达标", {"measure_records": [record("M03-7", 1, 33)]}, expect(1, 33, "not_met")),
    Spec("M03-7", "没有核查：不适用", {"measure_records": [record("M03-7", 0, 0)]}, expect(0, 0, "na", n_na=1)),
    Spec("M04-5", "两个党组织，一个三项齐全；取届次最大的一条", {"organisations": [branch(), branch("B", org_type="committee")], "elections": [term("2018-01-01", term_no=1, elected_on=None), term("2023-01-01", term_no=2), term("2023-01-01", org_id="B", elected_on=None)]}, expect(1, 2, "not_met")),
    Spec("M04-5", "没有一条任期记录：数据缺失", {"organisations": [branch()], "elections": []}, expect(0, 0, "unknown", n_unknown=1)),
    Spec("M04-5", "没有党组织：不适用", {"organisations": [], "elections": []}, expect(0, 0, "na")),
    Spec("M05-4", "督办函、电话各一次，只检查没措施的不算", {"supervisions": [supervision("2023-06-01"), supervision("2023-06-01", "call"), supervision("2023-06-01", "none")]}, expect(2, None, "info")),
    Spec("M05-4", "没有督办：0次", {"supervisions": []}, expect(0, None, "info")),
    Spec("M05-4", "没有收集：数据缺失", {}, expect(None, None, "unknown", n_unknown=1)),
    Spec("M06-1", "2023年12月31日研判的算；没有当年数据行的村为缺失", {"villages": [{"village_id": v, "township_id": "629901100", "name": v, "kind": "village"} for v in ("V1", "V2", "V3")], "village_years": [{"village_id": "V1", "year": 2023, "secretary_assessed_on": "2023-12-31"}, {"village_id": "V2", "year": 2023}]}, expect(1, 2, "not_met", n_unknown=1)),
    Spec("M06-1", "上半年不判定，缺的为未到期", {"villages": [{"village_id": "V1", "township_id": "629901100", "name": "V1", "kind": "village"}], "village_years": []}, expect(0, 0, "not_due", n_not_due=1), period="2023H1"),
    Spec("M06-2", "研判不胜任4名，调整4名", {"measure_records": [record("M06-2", 4, 4)]}, expect(4, 4, "met")),
    Spec("M06-2", "没有不胜任的：不适用", {"measure_records": [record("M06-2", 0, 0)]}, expect(0, 0, "na", n_na=1)),
    Spec("W1-1", "列为书记项目", {"measure_records": [record("W1-1", 1, 1)]}, expect(1, 1, "met")),
    Spec("W1-1", "没有上报：数据缺失", {"measure_records": []}, expect(0, 0, "unknown", n_unknown=1)),
    Spec("W1-2", "8个岗位7个落实", {"measure_records": [record("W1-2", 7, 8)]}, expect(7, 8, "not_met")),
    Spec("W2-1", "有问题且已分类", issues(issue()), expect(1, 1, "met"), as_of="2023-05-20"),
    *no_issue("W2-1"),
    Spec("W3-1", "28份材料27份列入", {"measure_records": [record("W3-1", 27, 28)]}, expect(27, 28, "not_met")),
    Spec("W3-1", "县级自己的数不当作乡镇的", {"measure_records": [record("W3-1", 10, 12, unit="629901")]}, expect(0, 0, "unknown", n_unknown=1)),
    Spec("W3-2", "期内来过一次：1/1", {"supervisions": [supervision("2023-06-30")]}, expect(1, 1, "info"), period="2023H1"),
    Spec("W3-2", "期外的不算：0/1", {"supervisions": [supervision("2023-07-01")]}, expect(0, 1, "info"), period="2023H1"),
    Spec("W3-2", "没有收集：数据缺失", {}, expect(0, 0, "unknown", n_unknown=1)),
]  # fmt: skip
