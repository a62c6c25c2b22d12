"""Columns of the six ledger kinds as townships write them: header variants, groups, words for values.

A ledger uses one of the header variants throughout. ``kind`` says how a cell is written:
seq, town, org, date, int, number, money, flag, words, types, text, deadline, and the personal ones
name, sex, id_number, which the tables do not have.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

__all__ = ["LAYOUTS", "Cell", "Layout"]

Kind = Literal[
    "seq", "town", "org", "date", "int", "number", "money", "flag", "words", "types", "text", "deadline",
    "name", "sex", "id_number", "remark",
]  # fmt: skip


@dataclass(frozen=True)
class Cell:
    """One column: the field of the table it shows, its header variants, and the group above it."""

    field: str
    headers: tuple[str, ...]
    kind: Kind
    words: Mapping[str, tuple[str, ...]] = dataclasses.field(default_factory=dict)
    group: str = ""
    total: bool = False


@dataclass(frozen=True)
class Layout:
    """One ledger kind; ``{town}`` stands for the township's name."""

    kind: str
    file: str
    title: str
    cells: tuple[Cell, ...]
    village: bool = False


_LECTURERS = {"secretary": ("书记",), "committee": ("班子成员",), "superior": ("上级领导",), "external": ("外聘专家",), "member": ("党员",)}  # fmt: skip
_TYPES = {
    "assembly": ("支部党员大会", "党员大会"),
    "committee": ("支部委员会", "支委会"),
    "group": ("党小组会", "党小组会"),
    "lecture": ("上党课", "党课"),
    "theme_day": ("主题党日活动", "主题党日"),
    "life_meeting": ("组织生活会", "组织生活会"),
    "appraisal": ("民主评议党员", "民主评议"),
    "study": ("理论学习中心组学习", "理论学习"),
}
_CATEGORIES = {
    "P11": "学习不深入不系统", "P12": "研究不深不透、解决问题能力不强", "P13": "抓什么、怎么抓心中无数",
    "P21": "战斗堡垒作用不强", "P22": "村党组织号召力不强", "P23": "书记能力素质不高", "P24": "专业化管理书记融入不够",
    "P31": "党建与中心工作脱节", "P32": "社区治理服务水平不适应", "P33": "国企党的领导融入治理不够",
    "P34": "互联网、道路货运等领域覆盖率不高", "P35": "缺乏新思维新办法", "P36": "特色品牌不突出", "P99": "其他",
}  # fmt: skip

_SEQ = Cell("", ("序号", "编号", "序 号"), "seq")
_TOWN = Cell("", ("乡镇", "所属乡镇", "单位"), "town")
_REMARK = Cell("", ("备注", "备 注", "备注"), "remark")

_MEETINGS = Layout(
    "meetings", "三会一课台账", "{town}2023年党支部“三会一课”开展情况台账",
    (
        _SEQ, _TOWN,
        Cell("org_id", ("党支部名称", "所在党支部", "支部"), "org"),
        Cell("types", ("会议类型", "活动类型", "类别"), "types", _TYPES),
        Cell("held_on", ("会议日期", "召开时间", "实际会议时间"), "date"),
        Cell("recorded_on", ("录入时间", "登记时间", "上传时间"), "date"),
        Cell("first_topic", ("是否落实第一议题", "第一议题", "第一议题\n落实情况"), "flag"),
        Cell("topic", ("会议议题", "主要内容", "主题"), "text"),
        Cell("expected_n", ("应到人数", "应到", "应参加人数"), "int", group="参会情况", total=True),
        Cell("present_n", ("实到人数", "实到", "参会人数"), "int", group="参会情况", total=True),
        Cell("leave_n", ("请假人数", "请假", "请假人数"), "int", group="参会情况"),
        Cell("hours", ("学时", "学时（最小单位0.5）", "学时"), "number"),
        Cell("", ("主持人", "主持人", "主持人"), "name"),
        Cell("", ("记录人", "记录人", "记录人"), "name"),
        Cell("lecturer", ("授课人类别", "主讲人身份", "授课人类别"), "words", _LECTURERS),
        Cell("minutes", ("会议内容", "会议记录摘要", "会议内容"), "text"),
        Cell("evidence_n", ("附件数", "佐证材料份数", "附件数"), "int"),
        _REMARK,
    ),
)  # fmt: skip

_TRAININGS = Layout(
    "trainings", "学习培训台账", "{town}2023年党员干部学习培训台账",
    (
        _SEQ, _TOWN,
        Cell("title", ("培训班名称", "培训主题", "学习培训内容"), "text"),
        Cell("level", ("举办层级", "主办单位层级", "举办层级"), "words", {"branch": ("支部",), "township": ("乡镇",), "county": ("县级",)}),
        Cell("org_id", ("承办支部", "承办党支部", "承办支部"), "org"),
        Cell("kind", ("培训类别", "类型", "培训类别"), "words", {"business": ("业务培训",), "observation": ("观摩互学",), "placement": ("跟班学习",), "rotation": ("集中轮训",)}),
        Cell("start_on", ("开始时间", "起始日期", "培训日期（起）"), "date", group="起止时间"),
        Cell("end_on", ("结束时间", "终止日期", "培训日期（止）"), "date", group="起止时间"),
        Cell("hours", ("学时", "课时", "学时"), "int"),
        Cell("places_n", ("应参训人数", "计划人数", "应参训人数"), "int"),
        Cell("attended_n", ("实参训人数", "参训人数", "实参训人数"), "int"),
        Cell("lecturer", ("主讲人身份", "授课人类别", "主讲人身份"), "words", _LECTURERS),
        Cell("", ("授课人", "主讲人", "授课人"), "name"),
        _REMARK,
    ),
)  # fmt: skip

_ADMISSIONS = Layout(
    "admissions", "发展党员台账", "{town}发展党员工作台账（2023年）",
    (
        _SEQ, _TOWN,
        Cell("case_id", ("档案编号", "发展党员档案编号", "档案编号"), "text"),
        Cell("org_id", ("所在党支部", "党支部名称", "所在党支部"), "org"),
        Cell("", ("姓名", "姓  名", "姓名"), "name"),
        Cell("", ("性别", "性别", "性别"), "sex"),
        Cell("", ("身份证号码", "公民身份号码", "身份证号"), "id_number"),
        Cell("two_new", ("是否两新组织", "两新组织", "是否两新组织"), "flag"),
        Cell("applied_on", ("递交入党申请书时间", "提交书面申请书时间", "递交入党申请书时间"), "date", group="申请入党"),
        Cell("talked_on", ("派人谈话时间", "谈话时间", "派人谈话时间"), "date", group="申请入党"),
        Cell("activist_on", ("确定为入党积极分子时间", "列为积极分子时间", "确定为入党积极分子时间"), "date", group="积极分子"),
        Cell("candidate_on", ("确定为发展对象时间", "发展对象备案同意时间", "确定为发展对象时间"), "date", group="发展对象"),
        Cell("review_on", ("政审联审时间", "联审时间", "政审联审时间"), "date", group="发展对象"),
        Cell("review_result", ("政审联审结果", "联审结果", "政审联审结果"), "words", {"passed": ("合格",), "failed": ("不合格",)}, "发展对象"),
        Cell("trained_on", ("集中培训结业时间", "培训结业时间", "集中培训结业时间"), "date", group="发展对象"),
        Cell("training_hours", ("培训学时", "集中培训学时", "培训学时"), "int", group="发展对象"),
        Cell("prereviewed_on", ("上级党委预审时间", "预审时间", "上级党委预审时间"), "date", group="预备党员"),
        Cell("assembly_on", ("支部大会通过时间", "接收为预备党员时间", "支部大会通过时间"), "date", group="预备党员"),
        Cell("approved_on", ("上级党委审批时间", "党委审批时间", "上级党委审批时间"), "date", group="预备党员"),
        Cell("extended_until", ("延长预备期至", "延长预备期至", "延长预备期至"), "date", group="预备党员"),
        Cell("conversion_assembly_on", ("转正支部大会时间", "支部大会讨论转正时间", "转正支部大会时间"), "date", group="转正"),
        Cell("conversion_approved_on", ("转正审批时间", "党委批准转正时间", "转正审批时间"), "date", group="转正"),
        Cell("archived_on", ("材料归档时间", "归档时间", "材料归档时间"), "date", group="转正"),
        Cell("outcome", ("当前阶段", "目前状态", "当前阶段"), "words", {"in_progress": ("培养中",), "probationary": ("预备党员",), "full": ("正式党员",), "cancelled": ("取消",), "withdrawn": ("退出",), "transferred": ("转出",)}),
        _REMARK,
    ),
)  # fmt: skip

_ISSUES = Layout(
    "issues", "问题整改台账", "{town}基层党建“找差距、补短板、夯基础、促提升”行动问题整改台账",
    (
        _SEQ, _TOWN,
        Cell("category", ("问题类别", "问题类别", "问题分类"), "words", {k: (v, v, k + v) for k, v in _CATEGORIES.items()}),
        Cell("source", ("问题来源", "问题来源", "来源"), "words", {"self": ("自查",), "inspection": ("督查巡察",), "audit": ("审计",), "public": ("群众反映",)}),
        Cell("org_id", ("所属支部", "所属支部", "涉及党支部"), "org"),
        Cell("found_on", ("发现时间", "发现时间", "查摆时间"), "date"),
        Cell("problem", ("存在问题", "具体问题", "问题表现"), "text"),
        Cell("measure", ("整改措施", "整改措施", "整改举措"), "text"),
        Cell("owner_named", ("责任领导", "责任领导", "包抓领导"), "name", group="整改责任"),
        Cell("owner_named", ("责任人", "责任人", "整改责任人"), "name", group="整改责任"),
        Cell("deadline", ("整改时限", "整改期限", "完成时限"), "deadline", group="整改时限"),
        Cell("extended", ("延期后时限", "延期后时限", "延期至"), "date", group="整改时限"),
        Cell("status", ("整改进展", "整改情况", "完成情况"), "words", {"not_started": ("未启动",), "in_progress": ("正在整改", "推进中"), "done": ("已完成", "完成"), "closed": ("已销号", "销号")}),
        Cell("done_on", ("完成时间", "完成时间", "完成时间"), "date"),
        Cell("closed_on", ("销号时间", "销号时间", "销号日期"), "date"),
        Cell("accepted_by", ("验收单位", "验收单位", "验收单位"), "words", {"township": ("乡镇党委",), "county": ("县委组织部",)}),
        Cell("end_reason", ("销号方式", "销号方式", "销号类型"), "words", {"done": ("整改完成",), "merged": ("合并",), "transferred": ("转办",), "withdrawn": ("撤销",)}),
        Cell("reopened_on", ("反弹时间", "反弹时间", "问题反弹时间"), "date"),
        Cell("reclosed_on", ("再次销号时间", "再次销号时间", "反弹后销号时间"), "date"),
        Cell("rule_document", ("是否形成制度", "是否形成制度", "形成长效机制"), "flag"),
        _REMARK,
    ),
)  # fmt: skip

_VILLAGES = Layout(
    "village_years", "村集体经济台账", "{town}2023年村级集体经济和村级组织情况台账",
    (
        _SEQ, _TOWN,
        Cell("village_id", ("村（社区）", "行政村", "村名"), "org"),
        Cell("income_total_yuan", ("年收入", "总收入", "村集体经济总收入"), "money", group="收入情况", total=True),
        Cell("income_operating_yuan", ("经营性收入", "其中：经营性收入", "经营性收入"), "money", group="收入情况", total=True),
        Cell("income_subsidy_yuan", ("补助收入", "上级补助收入", "补助收入"), "money", group="收入情况", total=True),
        Cell("plan", ("是否制定发展规划", "发展规划", "是否制定发展规划"), "flag"),
        Cell("analysed", ("是否逐村分析研判", "分析研判", "是否逐村分析研判"), "flag"),
        Cell("model", ("联建模式", "“三型”模式", "联建模式"), "words", {"strong_leads_weak": ("强村带弱村",), "union": ("联合体党组织",), "district": ("片区联建",), "none": ("无",)}),
        Cell("rules_filed_on", ("村规民约备案时间", "村规民约备案时间", "村规民约备案时间"), "date"),
        Cell("graduates_n", ("大学生村干部人数", "大学生村干部（人）", "大学生村干部人数"), "int"),
        Cell("reserve_n", ("大专以上后备干部人数", "后备干部（人）", "大专以上后备干部人数"), "int"),
        Cell("secretary_professional", ("书记是否专业化管理", "专业化管理", "书记是否专业化管理"), "flag"),
        Cell("secretary_assessed_on", ("书记履职研判时间", "届中研判时间", "书记履职研判时间"), "date"),
        _REMARK,
    ),
    village=True,
)  # fmt: skip

_ELECTIONS = Layout(
    "elections", "换届台账", "{town}党组织换届信息工作台账",
    (
        _SEQ, _TOWN,
        Cell("org_id", ("党组织名称", "党组织", "党组织名称"), "org"),
        Cell("", ("书记姓名", "书记", "书记姓名"), "name"),
        Cell("term_no", ("届次", "当届届次", "届次"), "int"),
        Cell("elected_on", ("本届选举时间", "上次换届时间", "本届选举时间"), "date"),
        Cell("term_years", ("任期年限", "任期（年）", "任期年限"), "int"),
        Cell("expires_on", ("任期届满时间", "届满时间", "应换届时间"), "date"),
        Cell("extended_until", ("延期至", "批准延期至", "延期至"), "date"),
        Cell("reminded_on", ("提醒时间", "提前提醒时间", "提醒时间"), "date"),
        Cell("held_on", ("实际换届时间", "换届完成时间", "实际换届时间"), "date"),
        _REMARK,
    ),
)  # fmt: skip

LAYOUTS: tuple[Layout, ...] = (_MEETINGS, _TRAININGS, _ADMISSIONS, _ISSUES, _VILLAGES, _ELECTIONS)
