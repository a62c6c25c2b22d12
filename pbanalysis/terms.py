"""One table of the field's terms: canonical value (English) ↔ what is printed (Chinese)."""

from __future__ import annotations

from collections.abc import Mapping

__all__ = [
    "ISSUE_CATEGORIES",
    "LEDGER_KINDS",
    "OVERVIEW",
    "REPORTS",
    "SETTINGS",
    "STATES",
    "TERMS",
    "THEMES",
    "VS_COUNTY",
    "label",
]

STATES: Mapping[str, str] = {
    "met": "达标",
    "not_met": "未达标",
    "not_due": "未到期",
    "na": "不适用",
    "unknown": "数据缺失",
    "info": "仅供参考",
    "suppressed": "依规定不予公布",
}

VS_COUNTY: Mapping[str, str] = {
    "not_compared": "不作比较",
    "no_signal": "与全县水平无显著差异",
    "possible_high": "略高于全县水平，尚不能排除偶然波动",
    "possible_low": "略低于全县水平，尚不能排除偶然波动",
    "high": "显著高于全县水平",
    "low": "显著低于全县水平",
}

THEMES: Mapping[str, str] = {
    "study": "学习质量",
    "development": "发展党员",
    "rectification": "整改成效",
    "supporting": "支撑措施",
}
OVERVIEW = "overview"  # the county's own report
REPORTS: Mapping[str, str] = {**THEMES, OVERVIEW: "全县一览"}

# parameters of a report and settings of an attachment
SETTINGS: Mapping[str, str] = {
    "period": "报告期",
    "as_of": "截止日",
    "township_id": "乡镇代码",
    "report_status": "稿别",
    "start_page": "起始页码",
    "attachment_no": "附件号",
}

# ledger kinds of contract/cli.md, and the canonical tables each fills
LEDGER_KINDS: Mapping[str, str] = {
    "meetings": "三会一课",
    "trainings": "学习培训",
    "admissions": "发展党员",
    "admission_profiles": "发展党员汇总",
    "issues": "问题整改",
    "village_years": "村集体经济",
    "elections": "换届",
    "weak_orgs": "软弱涣散",
    "enterprises": "两新",
    "roster_counts": "党员统计",
    "unknown": "未识别",
}

ISSUE_CATEGORIES: Mapping[str, str] = {
    "P11": "学习不深入不系统",
    "P12": "研究不深不透、解决问题能力不强",
    "P13": "抓什么、怎么抓心中无数",
    "P21": "战斗堡垒作用不强",
    "P22": "村党组织号召力不强",
    "P23": "书记能力素质不高",
    "P24": "专业化管理书记融入不够",
    "P31": "党建与中心工作脱节",
    "P32": "社区治理服务水平不适应",
    "P33": "国企党的领导融入治理不够",
    "P34": "互联网、道路货运等领域覆盖率不高",
    "P35": "缺乏新思维新办法",
    "P36": "特色品牌不突出",
    "P99": "其他",
}

_LEVELS = {"branch": "支部", "township": "乡镇", "county": "县"}
_LECTURERS = {
    "secretary": "书记",
    "committee": "班子成员",
    "superior": "上级领导",
    "external": "外聘",
    "member": "党员",
}

# column -> canonical value -> printed term; `table.column` where a column's values depend on the table
TERMS: Mapping[str, Mapping[str, str]] = {
    "villages.kind": {"village": "行政村", "community": "社区"},
    "org_type": {
        "committee": "党委",
        "general_branch": "党总支",
        "branch": "党支部",
        "joint_branch": "联合党支部",
    },
    "domain": {
        "village": "村",
        "community": "社区",
        "organ": "机关",
        "institution": "事业单位",
        "school": "学校",
        "hospital": "医院",
        "soe": "国有企业",
        "private": "非公企业",
        "social": "社会组织",
        "other": "其他",
    },
    "types": {
        "assembly": "支部党员大会",
        "committee": "支部委员会",
        "group": "党小组会",
        "lecture": "党课",
        "theme_day": "主题党日",
        "life_meeting": "组织生活会",
        "appraisal": "民主评议党员",
        "study": "理论学习",
    },
    "lecturer": _LECTURERS,
    "level": _LEVELS,
    "trainings.kind": {
        "business": "业务培训",
        "observation": "观摩互学",
        "placement": "跟班学习",
        "rotation": "轮训",
    },
    "role": {"member": "党员", "secretary": "书记", "committee": "班子成员"},
    "report_status": {"draft": "草稿", "checking": "核实稿", "final": "定稿"},
    "phase": {"pre": "学前测试", "post": "学后测试", "spot": "随机抽测"},
    "review_result": {"passed": "合格", "failed": "不合格"},
    "outcome": {
        "in_progress": "培养中",
        "probationary": "预备党员",
        "full": "已转正",
        "cancelled": "取消资格",
        "withdrawn": "本人退出",
        "transferred": "转出",
    },
    "dimension": {"age": "年龄", "education": "学历", "sex": "性别", "occupation": "职业"},
    "sampling": {"random": "随机", "targeted": "重点"},
    "fault": {
        "none": "无问题",
        "missing": "材料缺失",
        "date_logic": "时间逻辑",
        "order": "程序倒置",
        "signature": "签章",
        "altered": "涂改代签",
        "duplicate_text": "内容雷同",
        "other": "其他",
    },
    "category": ISSUE_CATEGORIES,
    "issues.source": {"self": "自查", "inspection": "督查", "audit": "巡察审计", "public": "群众反映"},
    "deadline_kind": {
        "dated": "有明确时限",
        "immediate": "立行立改",
        "standing": "长期坚持",
        "none": "未定时限",
    },
    "status": {"not_started": "未启动", "in_progress": "整改中", "done": "已完成", "closed": "已销号"},
    "end_reason": {"done": "整改完成", "merged": "合并", "transferred": "转办", "withdrawn": "撤销"},
    "weak_orgs.result": {"converted": "已转化", "continuing": "继续整顿"},
    "method": {"field_stay": "蹲点调研", "inspection": "集中督查", "spot_check": "随机抽查"},
    "action": {"letter": "督办函", "call": "电话督促", "talk": "约谈提醒", "none": "无"},
    "model": {
        "strong_leads_weak": "强村带弱村",
        "union": "联合体党组织",
        "district": "片区联建",
        "none": "无",
    },
    "enterprises.kind": {
        "private": "非公企业",
        "social": "社会组织",
        "property": "物业服务企业",
        "internet": "互联网企业",
        "courier": "快递物流企业",
        "new_form": "新业态企业",
    },
    "coverage": {"own": "单独组建", "joint": "联合组建", "work_only": "工作覆盖", "none": "无"},
    "applied_on": {"": "递交入党申请书"},
    "talked_on": {"": "派人谈话"},
    "activist_on": {"": "确定为入党积极分子"},
    "candidate_on": {"": "确定为发展对象（备案同意）"},
    "review_on": {"": "政审联审"},
    "trained_on": {"": "集中培训"},
    "prereviewed_on": {"": "上级党委预审"},
    "assembly_on": {"": "支部大会通过（入党时间）"},
    "approved_on": {"": "上级党委审批"},
    "conversion_assembly_on": {"": "转正支部大会"},
    "conversion_approved_on": {"": "转正审批"},
    "archived_on": {"": "材料归档"},
}


def label(column: str, value: str = "") -> str:
    """Printed term of a canonical value; the value itself where none is declared.

    Examples
    --------
    >>> label("types", "theme_day"), label("trainings.kind", "placement"), label("assembly_on")
    ('主题党日', '跟班学习', '支部大会通过（入党时间）')
    """
    return TERMS.get(column, {}).get(value, value)
