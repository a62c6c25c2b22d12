"""Worked cases of the theme 发展党员."""

from __future__ import annotations

from .ledger import TOWN, Spec, audit, branch, case, expect, quota, record

OK = {"review_result": "passed", "review_on": "2023-05-01"}


def cases(*rows, **more):
    """Cases of one branch."""
    return {"organisations": [branch()], "admissions": list(rows), **more}


def admitted(n, **steps):
    """``n`` cases admitted in June 2023, named X1 … Xn."""
    return [case(case_id=f"X{k}", assembly_on="2023-06-10", **steps) for k in range(1, n + 1)]


def planned(n, *rows):
    """Cases and a plan."""
    return cases(*rows, admission_plans=[{"township_id": TOWN, "year": 2023, "plan_n": n}])


def audited(people, *rows):
    """Cases and audit rows."""
    return cases(*people, file_audits=list(rows))


def follow(*pairs):
    """Follow-ups of one case each: (case, due, done)."""
    people = [case(case_id=c) for c in dict.fromkeys(p[0] for p in pairs)]
    return cases(
        *people, followups=[{"case_id": c, "due_on": due, "done_on": done} for c, due, done in pairs]
    )


def steps(words, expected, indicator="D04", as_of="2023-12-31", period="2023", **dates):
    """One case."""
    return Spec(indicator, words, cases(case(**dates)), expected, as_of=as_of, period=period)


SPECS = [
    Spec("D01", "计划2名，支部大会通过3名：只供参考，超计划不是更好", planned(2, *admitted(3)), expect(3, 2, "info")),
    Spec("D01", "12月31日通过的算本年，次年1月1日的不算", planned(2, case(assembly_on="2023-12-31"), case(assembly_on="2024-01-01")), expect(1, 2, "info"), as_of="2024-01-20"),
    Spec("D01", "没有计划：数据缺失，两个合计都不加", cases(*admitted(3), admission_plans=[]), expect(0, 0, "unknown", n_unknown=1)),
    Spec("D01", "计划为0：不适用", planned(0), expect(0, 0, "na", n_na=1)),
    steps("1月31日申请，2月28日谈话：满1个月当天，守住", expect(1, 1, "met"), applied_on="2023-01-31", talked_on="2023-02-28"),
    steps("1月31日申请，3月1日谈话：超过一天，违规", expect(0, 1, "not_met"), applied_on="2023-01-31", talked_on="2023-03-01"),
    steps("申请后满1个月仍未谈话：到期当天即违规", expect(0, 1, "not_met"), applied_on="2023-01-31", as_of="2023-02-28"),
    steps("申请未满1个月：未到期", expect(0, 0, "not_due", n_not_due=1), applied_on="2023-01-31", as_of="2023-02-27"),
    steps("谈话在前、申请在后：程序倒置，违规", expect(0, 1, "not_met"), applied_on="2023-03-01", talked_on="2023-02-01"),
    steps("全部到期时限守住，有一项违规就不算", expect(0, 1, "not_met"), applied_on="2023-01-31", talked_on="2023-02-10", activist_on="2023-03-01", candidate_on="2023-12-01"),
    steps("上年停下的：审批期限1月15日落在期内仍未审批，列入并违规", expect(0, 1, "not_met"), assembly_on="2022-10-15", trained_on="2022-10-01", training_hours=24),
    steps("已取消的停滞案件不列入", expect(0, 0, "na"), assembly_on="2022-10-15", outcome="cancelled"),
    steps("取消的：没走的步骤不适用", expect(0, 0, "na", n_na=1), applied_on="2023-01-31", outcome="withdrawn"),
    steps("只有谈话日期、没有申请日期：该时限缺失，其余未到期，整案未到期", expect(0, 0, "not_due", n_not_due=1), talked_on="2023-03-01"),
    Spec("D04", "没有发展对象：不适用，不是0%", cases(), expect(0, 0, "na")),
    Spec("D04", "没有收集发展党员台账：数据缺失", {"organisations": [branch()]}, expect(0, 0, "unknown")),
    steps("申请后1个月当天谈话", expect(1, 1, "met"), "D05.talk", applied_on="2023-01-31", talked_on="2023-02-28"),
    steps("次日谈话", expect(0, 1, "not_met"), "D05.talk", applied_on="2023-01-31", talked_on="2023-03-01"),
    steps("谈了话没有申请日期：数据缺失", expect(0, 0, "unknown", n_unknown=1), "D05.talk", talked_on="2023-03-01"),
    steps("还没到1个月", expect(0, 0, "not_due", n_not_due=1), "D05.talk", applied_on="2023-12-15"),
    steps("退出的没谈话：不适用", expect(0, 0, "na", n_na=1), "D05.talk", applied_on="2023-01-15", outcome="withdrawn"),
    steps("2022年2月28日列为积极分子，2023年2月28日确定：满一年当天，守住", expect(1, 1, "met"), "D05.cultivation", activist_on="2022-02-28", candidate_on="2023-02-28"),
    steps("差一天", expect(0, 1, "not_met"), "D05.cultivation", activist_on="2022-03-01", candidate_on="2023-02-28"),
    steps("还没确定为发展对象：未到期", expect(0, 0, "not_due", n_not_due=1), "D05.cultivation", activist_on="2023-03-01"),
    steps("没有列为积极分子的日期：数据缺失", expect(0, 0, "unknown", n_unknown=1), "D05.cultivation", candidate_on="2023-03-01"),
    steps("转出的没确定：不适用", expect(0, 0, "na", n_na=1), "D05.cultivation", activist_on="2023-03-01", outcome="transferred"),
    steps("大会当天结业、24学时：守住", expect(1, 1, "met"), "D05.training", trained_on="2023-06-10", assembly_on="2023-06-10", training_hours=24),
    steps("23.5学时", expect(0, 1, "not_met"), "D05.training", trained_on="2023-06-01", assembly_on="2023-06-10", training_hours=23.5),
    steps("大会后才培训：违规", expect(0, 1, "not_met"), "D05.training", trained_on="2023-06-11", assembly_on="2023-06-10", training_hours=32),
    steps("没填学时：数据缺失", expect(0, 0, "unknown", n_unknown=1), "D05.training", trained_on="2023-06-01", assembly_on="2023-06-10"),
    steps("还没开大会：未到期", expect(0, 0, "not_due", n_not_due=1), "D05.training", trained_on="2023-06-01", training_hours=24),
    steps("退出的：不适用", expect(0, 0, "na", n_na=1), "D05.training", trained_on="2023-06-01", outcome="withdrawn"),
    steps("预审后1个月当天开大会", expect(1, 1, "met"), "D05.prereview", prereviewed_on="2023-05-31", assembly_on="2023-06-30"),
    steps("超过一天", expect(0, 1, "not_met"), "D05.prereview", prereviewed_on="2023-05-30", assembly_on="2023-07-01"),
    steps("1个月当天仍没开", expect(0, 1, "not_met"), "D05.prereview", prereviewed_on="2023-05-31", as_of="2023-06-30"),
    steps("差一天", expect(0, 0, "not_due", n_not_due=1), "D05.prereview", prereviewed_on="2023-05-31", as_of="2023-06-29"),
    steps("没有预审日期：数据缺失", expect(0, 0, "unknown", n_unknown=1), "D05.prereview", assembly_on="2023-06-30"),
    steps("退出的：不适用", expect(0, 0, "na", n_na=1), "D05.prereview", prereviewed_on="2023-05-31", outcome="withdrawn"),
    steps("11月30日大会，次年2月29日审批：满3个月当天", expect(1, 1, "met"), "D05.approval", assembly_on="2023-11-30", approved_on="2024-02-29", period="2024", as_of="2024-12-31"),
    steps("次日审批", expect(0, 1, "not_met"), "D05.approval", assembly_on="2023-11-30", approved_on="2024-03-01", period="2024", as_of="2024-12-31"),
    steps("未满3个月未审批", expect(0, 0, "not_due", n_not_due=1), "D05.approval", assembly_on="2023-11-30"),
    steps("有审批没有大会日期：数据缺失", expect(0, 0, "unknown", n_unknown=1), "D05.approval", approved_on="2023-11-30"),
    steps("取消资格的没审批：不适用", expect(0, 0, "na", n_na=1), "D05.approval", assembly_on="2023-05-30", outcome="cancelled"),
    steps("2月29日大会，预备期到次年2月28日，当天讨论转正：守住", expect(1, 1, "met"), "D05.probation", assembly_on="2024-02-29", conversion_assembly_on="2025-02-28", period="2025", as_of="2025-12-31"),
    steps("提前一天", expect(0, 1, "not_met"), "D05.probation", assembly_on="2022-03-02", conversion_assembly_on="2023-03-01"),
    steps("预备期内：未到期", expect(0, 0, "not_due", n_not_due=1), "D05.probation", assembly_on="2023-03-02"),
    steps("没有大会日期：数据缺失", expect(0, 0, "unknown", n_unknown=1), "D05.probation", conversion_assembly_on="2023-03-01"),
    steps("取消的没讨论：不适用", expect(0, 0, "na", n_na=1), "D05.probation", assembly_on="2023-03-02", outcome="cancelled"),
    steps("转正大会后3个月当天审批", expect(1, 1, "met"), "D05.conversion", conversion_assembly_on="2023-01-31", conversion_approved_on="2023-04-30"),
    steps("次日审批", expect(0, 1, "not_met"), "D05.conversion", conversion_assembly_on="2023-01-31", conversion_approved_on="2023-05-01"),
    steps("未满3个月", expect(0, 0, "not_due", n_not_due=1), "D05.conversion", conversion_assembly_on="2023-11-30"),
    steps("没有转正大会日期：数据缺失", expect(0, 0, "unknown", n_unknown=1), "D05.conversion", conversion_approved_on="2023-11-30"),
    steps("转出的没审批：不适用", expect(0, 0, "na", n_na=1), "D05.conversion", conversion_assembly_on="2023-01-31", outcome="transferred"),
    Spec("D06", "联审合格，与大会同日也算", cases(case(assembly_on="2023-06-10", review_on="2023-06-10", review_result="passed"), case(assembly_on="2023-06-10", review_on="2023-06-11", review_result="passed"), case(assembly_on="2023-06-10", review_on="2023-06-01", review_result="failed")), expect(1, 3, "not_met")),
    Spec("D06", "本年没有发展：不适用", cases(case(applied_on="2023-01-01")), expect(0, 0, "na")),
    Spec("D06", "没有收集台账：数据缺失", {"organisations": [branch()]}, expect(0, 0, "unknown")),
    Spec("D07", "4名中抽2份：乡镇只列贡献", audited(admitted(4), audit("X1"), audit("X2"), audit("X3", level="township")), expect(2, 4, "info")),
    Spec("D07", "7名应抽3份（30%向上取整），抽2份未达标", audited(admitted(7), audit("X1"), audit("X2")), expect(2, 7, "not_met"), unit="629901"),
    Spec("D07", "抽3份达标", audited(admitted(7), audit("X1"), audit("X2"), audit("X3")), expect(3, 7, "met"), unit="629901"),
    Spec("D07", "年度没结束不判定，数字照列", audited(admitted(7), audit("X1", "2023-11-30"), audit("X2", "2023-11-30"), audit("X3", "2023-11-30")), expect(3, 7, "not_due"), unit="629901", as_of="2023-12-30"),
    Spec("D07", "本年没有发展：不适用", audited([]), expect(0, 0, "na"), unit="629901"),
    Spec("D07", "没有收集抽查结果：数据缺失", cases(*admitted(2)), expect(0, 0, "unknown"), unit="629901"),
    Spec("D08", "12名随机抽4份、1份有问题：全部12份中有问题的1—8份", audited(admitted(12), audit("X1", fault="missing"), audit("X2"), audit("X3"), audit("X4"), audit("X5", sampling="targeted", fault="order")), expect(1, 4, "info", ci_low=1, ci_high=8)),
    Spec("D08", "4份都没问题：0—6份", audited(admitted(12), *[audit(f"X{k}") for k in range(1, 5)]), expect(0, 4, "info", ci_low=0, ci_high=6)),
    Spec("D08", "全部抽查、1份有问题：恰为1份", audited(admitted(12), audit("X1", fault="missing"), *[audit(f"X{k}") for k in range(2, 13)]), expect(1, 12, "info", ci_low=1, ci_high=1)),
    Spec("D08", "没有随机抽查：不适用", audited(admitted(3), audit("X1", sampling="targeted", fault="order")), expect(0, 0, "na")),
    Spec("D08", "没有收集抽查结果：数据缺失", cases(*admitted(2)), expect(0, 0, "unknown")),
    Spec("D09", "两处问题，截止日前整改一处", audited(admitted(2), audit("X1", fault="missing", fixed_on="2023-12-31"), audit("X2", fault="order", fixed_on="2024-01-01"), audit("X2")), expect(1, 2, "not_met")),
    Spec("D09", "抽查没有发现问题：不适用", audited(admitted(2), audit("X1")), expect(0, 0, "na")),
    Spec("D09", "没有收集抽查结果：数据缺失", cases(*admitted(2)), expect(0, 0, "unknown")),
    Spec("D14", "到期当天完成算按期，次日不算", follow(("X1", "2023-06-30", "2023-06-30"), ("X2", "2023-06-30", "2023-07-01")), expect(1, 2, "not_met")),
    Spec("D14", "截止日之后到期的未到期", follow(("X1", "2023-12-31", "2023-12-01")), expect(0, 0, "not_due", n_not_due=1), as_of="2023-12-30"),
    Spec("D14", "没有到期的跟踪评估：不适用", follow(("X1", "2022-06-30", None)), expect(0, 0, "na")),
    Spec("D14", "没有收集跟踪评估：数据缺失", cases(*admitted(2)), expect(0, 0, "unknown")),
    # items of the plan
    Spec("M08-2", "三名新党员：一名不合格、一名没有结论", cases(case(assembly_on="2023-06-10", **OK), case(assembly_on="2023-06-10", review_result="failed"), case(assembly_on="2023-06-10")), expect(2, 3, "not_met")),
    Spec("M08-2", "全部合格：0人，达标", cases(case(assembly_on="2023-06-10", **OK)), expect(0, 1, "met")),
    Spec("M08-2", "本年没有发展：不适用", cases(), expect(0, 0, "na")),
    Spec("M08-3", "本年开展一轮", {"measure_records": [record("M08-3", 1, unit="629901")]}, expect(1, None, "met"), unit="629901"),
    Spec("M08-3", "零轮：未达标", {"measure_records": [record("M08-3", 0, unit="629901")]}, expect(0, None, "not_met"), unit="629901"),
    Spec("M08-3", "没有上报：数据缺失", {"measure_records": []}, expect(None, None, "unknown", n_unknown=1), unit="629901"),
    Spec("M08-5", "一名两次都按期，一名有一次逾期", follow(("X1", "2023-03-31", "2023-03-31"), ("X1", "2023-09-30", "2023-09-01"), ("X2", "2023-03-31", "2023-04-01"), ("X2", "2023-09-30", "2023-09-01")), expect(1, 2, "not_met")),
    Spec("M08-5", "只有未到期的：未到期", follow(("X1", "2023-12-31", None)), expect(0, 0, "not_due", n_not_due=1), as_of="2023-12-30"),
    Spec("M08-5", "没有跟踪评估：不适用", follow(("X1", "2022-06-30", None)), expect(0, 0, "na")),
    Spec("M13-2", "乡镇列贡献：2023年发展的两新党员1名", cases(case(assembly_on="2023-06-10", two_new=True), case(assembly_on="2022-06-10", two_new=True), case(assembly_on="2023-06-10")), expect(1, None, "info")),
    Spec("M13-2", "有任务分解（1名）：达标", {**cases(case(assembly_on="2023-06-10", two_new=True)), "quotas": [quota("M13-2", 1)]}, expect(1, None, "met")),
    Spec("M13-2", "任务2名，年末只有1名", {**cases(case(assembly_on="2023-06-10", two_new=True)), "quotas": [quota("M13-2", 2)]}, expect(1, None, "not_met")),
    Spec("M13-2", "年中还差1名：未到期", {**cases(case(assembly_on="2023-06-10", two_new=True)), "quotas": [quota("M13-2", 2)]}, expect(1, None, "not_due"), as_of="2023-12-30"),
    Spec("M13-2", "全县10名：达标", cases(*[case(assembly_on="2023-06-10", two_new=True) for _ in range(10)]), expect(10, None, "met"), unit="629901", as_of="2023-07-01"),
    Spec("M13-2", "没有收集台账：数据缺失", {"organisations": [branch()]}, expect(None, None, "unknown", n_unknown=1)),
    Spec("M13-3", "2023年12月31日确定的积极分子算，次年的不算", cases(case(activist_on="2023-12-31", two_new=True), case(activist_on="2024-01-01", two_new=True)), expect(1, None, "not_met"), unit="629901", period="2024", as_of="2024-12-31"),
    Spec("M13-3", "没有：全县年末未达标", cases(), expect(0, None, "not_met"), unit="629901"),
    Spec("M13-3", "2023年上半年不判定", cases(), expect(0, None, "not_due"), unit="629901", period="2023H1"),
    Spec("M13-3", "没有收集台账：数据缺失", {"organisations": [branch()]}, expect(None, None, "unknown", n_unknown=1)),
]  # fmt: skip
