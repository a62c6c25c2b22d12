"""Worked cases of the supporting measures: villages, communities, enterprises, reported figures."""

from __future__ import annotations

from .ledger import TOWN, Spec, expect, figures, firm, quota, record, town, village


def villages(*rows, kind="village", n=None):
    """``n`` villages (as many as rows) and the year's figures."""
    count = len(rows) if n is None else n
    table = "village_years" if kind == "village" else "community_years"
    return {"villages": [village(f"V{k}", kind) for k in range(1, count + 1)], table: list(rows)}


def cell(column, *values, kind="village", n=None, year=2023):
    """One column of the villages V1 …; None = the cell is empty."""
    rows = [figures(f"V{k}", year, **{column: v}) for k, v in enumerate(values, 1)]
    return villages(*rows, kind=kind, n=n)


def edges(item, column, yes, no, kind="village", before="2023-12-30"):
    """The usual cases of a column that every village must have, due on 31 December."""
    return [
        Spec(item, "都有：达标", cell(column, yes, yes, kind=kind), expect(2, 2, "met")),
        Spec(item, "一个没有；一个没填的为数据缺失", cell(column, yes, no, None, kind=kind), expect(1, 2, "not_met", n_unknown=1)),
        Spec(item, "到期前一天：未到期，数字照列，没填的也未到期", cell(column, yes, no, None, kind=kind), expect(1, 2, "not_due", n_not_due=1), as_of=before),
        Spec(item, "都没填：数据缺失", cell(column, None, kind=kind), expect(0, 0, "unknown", n_unknown=1)),
        Spec(item, "没有这类村（社区）：不适用", villages(kind=kind), expect(0, 0, "na")),
    ]  # fmt: skip


def firms(*rows):
    """Enterprises of one township."""
    return {"enterprises": list(rows)}


def firm_edges(item, kind, due=True):
    """No such enterprise, table absent, township without quota, half-year."""
    cases = [
        Spec(item, "没有这类企业：不适用", firms(firm("social" if kind != "social" else "private")), expect(0, 0, "na")),
        Spec(item, "没有收集：数据缺失", {}, expect(0, 0, "unknown")),
        Spec(item, "乡镇没有任务分解：只列贡献", firms(firm(kind)), expect(0, 1, "info")),
    ]  # fmt: skip
    if due:
        cases.append(
            Spec(
                item,
                "2023年上半年：未到期",
                firms(firm(kind)),
                expect(0, 1, "not_due"),
                unit="629901",
                period="2023H1",
            )
        )
    return cases


def residents(n, *workers, **more):
    """Communities with their workers, and the residents of the township."""
    return {**cell("workers_n", *workers, kind="community"), "townships": [town(urban_residents_n=n)], **more}


def reported(item, judged=True, unit=TOWN):
    """A reported share: full, none, denominator 0."""
    state = "met" if judged else "info"
    return [
        Spec(
            item,
            "上报4/4",
            {"measure_records": [record(item, 4, 4, unit=unit)]},
            expect(4, 4, state),
            unit=unit,
        ),
        Spec(
            item,
            "没有上报：数据缺失",
            {"measure_records": []},
            expect(0, 0, "unknown", n_unknown=1),
            unit=unit,
        ),
        Spec(
            item,
            "分母为0：不适用",
            {"measure_records": [record(item, 0, 0, unit=unit)]},
            expect(0, 0, "na", n_na=1),
            unit=unit,
        ),
    ]


SPECS = [
    # 措施3、4、6、7
    Spec("M03-2", "县级有自己的数：10个；乡镇没报的不适用", {"measure_records": [record("M03-2", 10, unit="629901")]}, expect(10, None, "info"), unit="629901"),
    Spec("M03-2", "县级有自己的数，乡镇没报：不适用", {"measure_records": [record("M03-2", 10, unit="629901")]}, expect(None, None, "na", n_na=1)),
    Spec("M03-2", "都没报：数据缺失", {"measure_records": []}, expect(None, None, "unknown", n_unknown=1)),
    Spec("M04-2", "互联网、快递各一家，摸排一家", firms(firm("internet", surveyed_on="2023-12-31"), firm("courier", surveyed_on="2024-01-01")), expect(1, 2, "not_met"), unit="629901"),
    *firm_edges("M04-2", "internet", due=False),
    Spec("M04-3", "只算正常经营且符合条件的；联合组建算，工作覆盖不算", firms(firm("internet", coverage="joint"), firm("courier", coverage="work_only"), firm("courier", eligible=False), firm("courier", operating=False)), expect(1, 2, "not_met"), unit="629901"),
    *firm_edges("M04-3", "courier", due=False),
    Spec("M06-4", "三个村一个实现专业化管理：恰为三分之一，达标", cell("secretary_professional", True, False, False), expect(1, 3, "met"), unit="629901"),
    Spec("M06-4", "四个村一个：未达标", cell("secretary_professional", True, False, False, False), expect(1, 4, "not_met"), unit="629901"),
    Spec("M06-4", "到期前已达三分之一但有村没填：未到期", cell("secretary_professional", True, False, None), expect(1, 2, "not_due", n_not_due=1), unit="629901", as_of="2023-12-30"),
    Spec("M06-4", "乡镇没有任务分解：只列贡献", cell("secretary_professional", True, False), expect(1, 2, "info")),
    Spec("M06-4", "任务2个村，只有1个", {**cell("secretary_professional", True, False), "quotas": [quota("M06-4", 2)]}, expect(1, 2, "not_met")),
    Spec("M06-4", "没有行政村：不适用", villages(), expect(0, 0, "na")),
    Spec("M07-1", "两个村共150名：全县达标", cell("reserve_n", 100, 50), expect(150, None, "met"), unit="629901"),
    Spec("M07-1", "149名：未达标", cell("reserve_n", 100, 49), expect(149, None, "not_met"), unit="629901"),
    Spec("M07-1", "都没填：数据缺失", cell("reserve_n", None), expect(None, None, "unknown", n_unknown=1), unit="629901"),
    Spec("M07-1", "任务数提前完成：达标", {**cell("reserve_n", 30, None), "quotas": [quota("M07-1", 30)]}, expect(30, None, "met", n_not_due=1), as_of="2023-06-30"),
    Spec("M07-2", "2024年底到期：2023年未到期", cell("graduates_n", 1, 0), expect(1, 2, "not_due")),
    Spec("M07-2", "2024年底每村至少1名", cell("graduates_n", 1, 2, year=2024), expect(2, 2, "met"), period="2024", as_of="2024-12-31"),
    Spec("M07-2", "2024年底一个村没有", cell("graduates_n", 1, 0, year=2024), expect(1, 2, "not_met"), period="2024", as_of="2024-12-31"),
    Spec("M07-2", "没填：数据缺失", cell("graduates_n", None, year=2024), expect(0, 0, "unknown", n_unknown=1), period="2024", as_of="2024-12-31"),
    Spec("M07-3", "上报12名", {"measure_records": [record("M07-3", 12)]}, expect(12, None, "info")),
    Spec("M07-3", "没有上报：数据缺失", {"measure_records": []}, expect(None, None, "unknown", n_unknown=1)),
    *reported("M06-3"),
    # 措施9
    Spec("M09-1", "三型之一算，“无”不算", cell("model", "union", "none"), expect(1, 2, "info")),
    Spec("M09-1", "没填：数据缺失", cell("model", None), expect(0, 0, "unknown", n_unknown=1)),
    *edges("M09-2", "analysed", True, False),
    *edges("M09-3", "plan", True, False),
    Spec("M09-4", "两年都有的村才比：30万/20万", villages(figures("V1", income_total_yuan=300_000), figures("V1", 2022, income_total_yuan=200_000), figures("V2", income_total_yuan=500_000), n=2), expect(300_000, 200_000, "info", n_unknown=1, value=1.5)),
    Spec("M09-4", "年末没有本年数：数据缺失", villages(n=1), expect(0, 0, "unknown", n_unknown=1)),
    Spec("M09-4", "没有行政村：不适用", villages(), expect(0, 0, "na")),
    Spec("M09-5", "恰为10万元不算“10万以下”", cell("income_total_yuan", 100_000, 250_000), expect(0, None, "met")),
    Spec("M09-5", "99999.99元算", cell("income_total_yuan", 99_999.99, 250_000), expect(1, None, "not_met")),
    Spec("M09-5", "年末前即使为0也不提前达标（是全年收入）", cell("income_total_yuan", 250_000), expect(0, None, "not_due"), as_of="2023-12-30"),
    Spec("M09-5", "没填：数据缺失", cell("income_total_yuan", None), expect(None, None, "unknown", n_unknown=1)),
    Spec("M09-5", "没有行政村：不适用", villages(), expect(None, None, "na")),
    Spec("M09-6", "恰为5万元算", cell("income_operating_yuan", *[50_000] * 19, 49_999), expect(19, 20, "met"), unit="629901"),
    Spec("M09-6", "乡镇只列贡献", cell("income_operating_yuan", 50_000, 49_999), expect(1, 2, "info")),
    Spec("M09-6", "年末前不提前达标", cell("income_operating_yuan", 50_000), expect(1, 1, "not_due"), unit="629901", as_of="2023-12-30"),
    Spec("M09-7", "Σ收入÷村数，不是各乡镇平均的平均", cell("income_total_yuan", 100_000, 300_000, None, year=2024), expect(400_000, 2, "met", n_unknown=1, value=200_000), unit="629901", period="2024", as_of="2024-12-31"),
    Spec("M09-7", "2024年底才到期", cell("income_total_yuan", 900_000), expect(900_000, 1, "not_due", value=900_000), unit="629901"),
    Spec("M09-7", "都没填：未到期", cell("income_total_yuan", None), expect(0, 0, "not_due", n_not_due=1), unit="629901"),
    *reported("M09-8"),
    *reported("M09-9", judged=False),
    Spec("M09-10", "2023年12月31日备案的算，次年1月1日的不算", villages(figures("V1", rules_filed_on="2023-12-31"), figures("V2", rules_filed_on="2024-01-01")), expect(1, 2, "not_met"), as_of="2024-01-20"),
    Spec("M09-10", "上年已备案的也算（任何一年的行）", villages(figures("V1"), figures("V1", 2022, rules_filed_on="2022-05-01"), n=1), expect(1, 1, "met")),
    Spec("M09-10", "没有当年的行：数据缺失", villages(n=1), expect(0, 0, "unknown", n_unknown=1)),
    Spec("M09-10", "6月底已全部备案：提前达标", villages(figures("V1", rules_filed_on="2023-06-01")), expect(1, 1, "met"), as_of="2023-06-30"),
    Spec("M09-10", "没有行政村：不适用", villages(), expect(0, 0, "na")),
    # 措施10
    Spec("M10-1", "一个社区设大党委", cell("big_committee", True, False, kind="community"), expect(1, 2, "info")),
    Spec("M10-1", "没有社区：不适用", villages(kind="community"), expect(0, 0, "na")),
    Spec("M10-2", "18人、1万人：恰为18，达标", residents(10_000, 18), expect(18, 10_000, "met", value=18), unit="629901"),
    Spec("M10-2", "17人：未达标", residents(10_000, 17), expect(17, 10_000, "not_met", value=17), unit="629901"),
    Spec("M10-2", "没有社区的乡镇，常住人口照计", {**villages(kind="community"), "townships": [town(urban_residents_n=5_000)]}, expect(0, 5_000, "info")),
    Spec("M10-2", "没有社区也没有常住人口：不适用", {**villages(kind="community"), "townships": [town()]}, expect(0, 0, "na")),
    Spec("M10-2", "一个社区没填：全镇不计，社区全部为缺失", residents(10_000, 18, None), expect(0, 0, "unknown", n_unknown=2)),
    Spec("M10-2", "于是全县为数据缺失，数字照列", {**residents(10_000, 18, None), "townships": [town(urban_residents_n=10_000), town("629901101", urban_residents_n=5_000)]}, expect(0, 5_000, "unknown", n_unknown=2), unit="629901"),
    Spec("M10-2", "到期前：全县未到期", {**residents(10_000, 18, None), "townships": [town(urban_residents_n=10_000), town("629901101", urban_residents_n=5_000)]}, expect(0, 5_000, "not_due", n_not_due=2), unit="629901", as_of="2023-12-30"),
    *reported("M10-3", unit="629901"),
    *edges("M10-4", "grids_merged", True, False, kind="community"),
    Spec("M10-5", "四项都达标；一项不达标即不算（其余没填也能判定）；没有一项不达标但有没填的为缺失", villages(figures("V1", std_team=True, std_grid=True, std_site=True, std_service=True), figures("V2", std_team=False), figures("V3", std_team=True), kind="community"), expect(1, 2, "info", n_unknown=1)),
    Spec("M10-5", "没有社区：不适用", villages(kind="community"), expect(0, 0, "na")),
    Spec("M10-6", "符合条件的物业企业都已建立", firms(firm("property", coverage="own"), firm("property", eligible=False)), expect(1, 1, "met"), unit="629901"),
    *firm_edges("M10-6", "property", due=False),
    Spec("M10-7", "有联络员也算工作覆盖；停业的不算", firms(firm("property", liaison=True), firm("property", coverage="work_only"), firm("property", operating=False)), expect(2, 2, "met"), unit="629901"),
    Spec("M10-7", "一家什么都没有", firms(firm("property", liaison=True), firm("property")), expect(1, 2, "not_met"), unit="629901"),
    *firm_edges("M10-7", "property"),
    # 措施11、12
    *reported("M11-1", unit="629901"),
    *reported("M11-2", judged=False, unit="629901"),
    *reported("M11-3", judged=False, unit="629901"),
    Spec("M11-4", "年底前完成", {"measure_records": [record("M11-4", 40, 40, unit="629901")]}, expect(40, 40, "met"), unit="629901"),
    Spec("M11-4", "年中没报：未到期", {"measure_records": []}, expect(0, 0, "not_due", n_not_due=1), unit="629901", as_of="2023-06-30"),
    Spec("M11-4", "2024年沿用已到期的判定", {"measure_records": [record("M11-4", 39, 40, unit="629901")]}, expect(39, 40, "not_met"), unit="629901", period="2024H1", as_of="2024-06-30"),
    *reported("M12-1", judged=False, unit="629901"),
    *reported("M12-2", judged=False, unit="629901"),
    *reported("M12-3", unit="629901"),
    Spec("M12-4", "印发过：达标", {"measure_records": [record("M12-4", 3, unit="629901")]}, expect(3, None, "met"), unit="629901"),
    Spec("M12-4", "0件：未达标", {"measure_records": [record("M12-4", 0, unit="629901")]}, expect(0, None, "not_met"), unit="629901"),
    Spec("M12-4", "没有上报：数据缺失", {"measure_records": []}, expect(None, None, "unknown", n_unknown=1), unit="629901"),
    Spec("M12-5", "7个岗位和小组", {"measure_records": [record("M12-5", 7, unit="629901")]}, expect(7, None, "info"), unit="629901"),
    Spec("M12-5", "没有上报：数据缺失", {"measure_records": []}, expect(None, None, "unknown", n_unknown=1), unit="629901"),
    # 措施13、要求三
    Spec("M13-1", "停业的也要摸排", firms(firm("private", surveyed_on="2023-12-31"), firm("social", operating=False)), expect(1, 2, "not_met"), unit="629901"),
    Spec("M13-1", "没有两新组织：不适用", firms(), expect(0, 0, "na")),
    Spec("M13-1", "没有收集：数据缺失", {}, expect(0, 0, "unknown")),
    Spec("M13-4a", "25家23家有党组织：恰为92%，达标", firms(*[firm(coverage="joint") for _ in range(23)], firm(), firm()), expect(23, 25, "met"), unit="629901"),
    Spec("M13-4a", "工作覆盖不算组织覆盖", firms(firm(coverage="own"), firm(coverage="work_only")), expect(1, 2, "not_met"), unit="629901"),
    *firm_edges("M13-4a", "private"),
    Spec("M13-4b", "10家9家：恰为90%，达标", firms(*[firm("social", coverage="own") for _ in range(9)], firm("social")), expect(9, 10, "met"), unit="629901"),
    *firm_edges("M13-4b", "social"),
    Spec("M13-5", "县级有自己的数时用县级的", {"measure_records": [record("M13-5", 46, 52, unit="629901"), record("M13-5", 15, 19)]}, expect(46, 52, "not_met"), unit="629901"),
    Spec("M13-5", "县级没有时为各乡镇之和", {"measure_records": [record("M13-5", 15, 15)]}, expect(15, 15, "met"), unit="629901"),
    Spec("M13-5", "年中没报：未到期", {"measure_records": []}, expect(0, 0, "not_due", n_not_due=1), as_of="2023-06-30"),
    Spec("M13-6", "22名流动党员都已纳入", {"measure_records": [record("M13-6", 22, 22)]}, expect(22, 22, "met"), unit="629901"),
    Spec("M13-6", "没有流动党员：不适用", {"measure_records": [record("M13-6", 0, 0)]}, expect(0, 0, "na", n_na=1)),
    Spec("M13-7", "指导员和联络员都有才算", firms(firm("new_form", instructor=True, liaison=True), firm("new_form", instructor=True)), expect(1, 2, "not_met"), unit="629901"),
    *firm_edges("M13-7", "new_form"),
    Spec("M13-8", "命名84个", {"measure_records": [record("M13-8", 84)]}, expect(84, None, "info"), unit="629901"),
    Spec("M13-8", "没有上报：数据缺失", {"measure_records": []}, expect(None, None, "unknown", n_unknown=1)),
    Spec("W3-4", "开过5次", {"measure_records": [record("W3-4", 5, unit="629901")]}, expect(5, None, "info"), unit="629901"),
    Spec("W3-4", "没有上报：数据缺失", {"measure_records": []}, expect(None, None, "unknown", n_unknown=1), unit="629901"),
]  # fmt: skip
