"""The canonical tables, declared once (contract/tables.md).

From this one declaration come the Parquet schema, the pandera check, the reader of canonical CSVs
and the rule of what is known at a cut-off (contract/results.md, "Cut-off").
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["SOURCE_COLUMNS", "TABLES", "Column", "Kind", "Table", "arrow_schema"]

Kind = Literal["text", "date", "int", "number", "bool", "enum", "list"]


@dataclass(frozen=True)
class Column:
    """One column: its kind, whether it is part of the key, may be missing, and its closed vocabulary."""

    name: str
    kind: Kind
    key: bool = False
    optional: bool = False
    values: tuple[str, ...] = ()


@dataclass(frozen=True)
class Table:
    """One canonical table.

    ``own_date`` is the date of the row itself: a row dated after the cut-off is not there.
    ``events`` are other event dates: one after the cut-off is empty. Dates that are neither are
    schedules (deadlines, expiries, due days) or hide nothing (``recorded_on``), and stay.
    ``route`` is the column that leads to a township: ``township_id`` itself, or an id to look up.
    """

    name: str
    title: str
    columns: tuple[Column, ...]
    own_date: str | None = None
    events: tuple[str, ...] = ()
    route: str | None = None

    @property
    def key(self) -> list[str]:
        """Names of the key columns."""
        return [c.name for c in self.columns if c.key]

    @property
    def names(self) -> list[str]:
        """Names of all columns, in order, without the source columns."""
        return [c.name for c in self.columns]

    def column(self, name: str) -> Column:
        """The column of that name."""
        return next(c for c in self.columns if c.name == name)


SOURCE_COLUMNS = (
    Column("source_file", "text", optional=True),
    Column("source_sheet", "text", optional=True),
    Column("source_row", "int", optional=True),
)

_KINDS: Mapping[str, Kind] = {"_on": "date", "_n": "int", "_yuan": "number"}


def _column(spec: str) -> Column:
    """``name``, with ``*`` key, ``?`` may be missing, ``:kind`` or ``{a,b}`` for a closed vocabulary."""
    values: tuple[str, ...] = ()
    kind: Kind | None = None
    if "{" in spec:
        spec, inside = spec[:-1].split("{")
        values, kind = tuple(inside.split(",")), "enum"
    if ":" in spec:
        spec, given = spec.split(":")
        kind = given  # type: ignore[assignment]
    key, optional = "*" in spec, "?" in spec
    name = spec.strip("*?")
    if kind is None:
        kind = next((k for suffix, k in _KINDS.items() if name.endswith(suffix)), None) or "text"
    return Column(name, kind, key, optional, values)


def _table(
    name: str,
    title: str,
    columns: str,
    own_date: str | None = None,
    events: str = "",
    route: str | None = None,
) -> Table:
    return Table(name, title, tuple(map(_column, columns.split())), own_date, tuple(events.split()), route)


_LEVELS = "{branch,township,county}"
_LECTURERS = "lecturer?{secretary,committee,superior,external,member}"
_CATEGORIES = "category{P11,P12,P13,P21,P22,P23,P24,P31,P32,P33,P34,P35,P36,P99}"
_STEPS = "applied_on? talked_on? activist_on? candidate_on? review_on? trained_on? prereviewed_on? assembly_on? approved_on? conversion_assembly_on? conversion_approved_on? archived_on?"

_DECLARED = (
    _table(
        "townships",
        "乡镇（街道）",
        "township_id* name kind{乡,镇,街道} urban_residents_n?",
        route="township_id",
    ),
    _table(
        "villages", "村（社区）", "village_id* township_id name kind{village,community}", route="township_id"
    ),
    _table(
        "organisations",
        "党组织",
        "org_id* township_id name org_type{committee,general_branch,branch,joint_branch} "
        "domain{village,community,organ,institution,school,hospital,soe,private,social,other} "
        "village_id? founded_on? dissolved_on? groups_n",
        own_date="founded_on",
        events="dissolved_on",
        route="township_id",
    ),
    _table(
        "org_counts",
        "党员人数",
        "org_id* as_of*:date members_n full_members_n probationary_n mobile_n? exempt_n?",
        route="org_id",
    ),
    _table(
        "meetings",
        "三会一课",
        "meeting_id* org_id held_on recorded_on? types:list{assembly,committee,group,lecture,theme_day,life_meeting,appraisal,study} "
        f"first_topic?:bool topic? expected_n? present_n? leave_n? hours?:number {_LECTURERS} minutes? evidence_n?",
        own_date="held_on",
        route="org_id",
    ),
    _table("topics", "必学文件", "topic_id* title released_on", own_date="released_on"),
    _table(
        "topic_studies", "必学文件学习", "topic_id* org_id* studied_on", own_date="studied_on", route="org_id"
    ),
    _table(
        "trainings",
        "学习培训",
        f"training_id* township_id org_id? level{_LEVELS} kind{{business,observation,placement,rotation}} start_on end_on? "
        f"hours?:number places_n? attended_n? {_LECTURERS}",
        own_date="start_on",
        route="township_id",
    ),
    _table(
        "study_hours",
        "学时",
        "org_id* year*:int role*{member,secretary,committee} due_n met_n",
        route="org_id",
    ),
    _table(
        "test_scores",
        "学习测试",
        "test_id* person_key* org_id phase{pre,post,spot} taken_on score:number max_score:number",
        own_date="taken_on",
        route="org_id",
    ),
    _table(
        "admissions",
        "发展党员",
        f"case_id* org_id {_STEPS} review_result?{{passed,failed}} training_hours?:number extended_until?:date "
        "outcome{in_progress,probationary,full,cancelled,withdrawn,transferred} two_new:bool",
        events=_STEPS.replace("?", ""),
        route="org_id",
    ),
    _table(
        "admission_profiles",
        "发展党员结构",
        "township_id* year*:int dimension*{age,education,sex,occupation} level* n:int",
        route="township_id",
    ),
    _table("admission_plans", "发展党员计划", "township_id* year*:int plan_n", route="township_id"),
    _table(
        "file_audits",
        "档案抽查",
        "case_id* audited_on* level*{county,township} sampling{random,targeted} "
        "fault*{none,missing,date_logic,order,signature,altered,duplicate_text,other} fixed_on?",
        own_date="audited_on",
        events="fixed_on",
        route="case_id",
    ),
    _table("followups", "跟踪评估", "case_id* due_on* done_on?", events="done_on", route="case_id"),
    _table(
        "issues",
        "问题整改",
        f"issue_id* township_id org_id? {_CATEGORIES} source{{self,inspection,audit,public}} found_on? problem? measure? owner_named:bool "
        "deadline_kind{dated,immediate,standing,none} deadline_original_on? deadline_on? status{not_started,in_progress,done,closed} "
        "done_on? closed_on? accepted_by?{township,county} end_reason?{done,merged,transferred,withdrawn} reopened_on? reclosed_on? rule_document:bool",
        own_date="found_on",
        events="done_on closed_on reopened_on reclosed_on",
        route="township_id",
    ),
    _table(
        "ledger_submissions",
        "台账报送",
        "township_id* year*:int submitted_on?",
        events="submitted_on",
        route="township_id",
    ),
    _table(
        "weak_orgs",
        "软弱涣散党组织",
        "org_id* cycle_year*:int listed_on plan:bool leader:bool first_secretary:bool partner_unit:bool accepted_on? result?{converted,continuing}",
        own_date="listed_on",
        events="accepted_on",
        route="org_id",
    ),
    _table(
        "elections",
        "换届",
        "org_id* term_no*:int elected_on? term_years:int{3,5} expires_on extended_until?:date reminded_on? held_on?",
        own_date="elected_on",
        events="reminded_on held_on",
        route="org_id",
    ),
    _table("branch_grades", "支部定级", "org_id* year*:int scheme* grade:int label", route="org_id"),
    _table(
        "supervisions",
        "督查",
        "supervision_id* township_id acted_on method{field_stay,inspection,spot_check} action{letter,call,talk,none} reply_due_on? replied_on? issue_id?",
        own_date="acted_on",
        events="replied_on",
        route="township_id",
    ),
    _table(
        "village_years",
        "村年度情况",
        "village_id* year*:int income_total_yuan? income_operating_yuan? income_subsidy_yuan? plan?:bool analysed?:bool "
        "model?{strong_leads_weak,union,district,none} rules_filed_on? graduates_n? reserve_n? secretary_professional?:bool secretary_assessed_on?",
        events="rules_filed_on secretary_assessed_on",
        route="village_id",
    ),
    _table(
        "community_years",
        "社区年度情况",
        "village_id* year*:int workers_n? std_team?:bool std_grid?:bool std_site?:bool std_service?:bool big_committee?:bool grids_merged?:bool",
        route="village_id",
    ),
    _table(
        "enterprises",
        "两新组织",
        "enterprise_id* township_id kind{private,social,property,internet,courier,new_form} operating:bool eligible:bool "
        "coverage{own,joint,work_only,none} instructor:bool liaison:bool surveyed_on?",
        events="surveyed_on",
        route="township_id",
    ),
    _table(
        "measure_records",
        "措施进展",
        "township_id* item_id* as_of*:date numerator:number denominator?:number",
        route="township_id",
    ),
    _table("quotas", "任务分解", "township_id* item_id* year*:int quota_n:number", route="township_id"),
)

TABLES: Mapping[str, Table] = {table.name: table for table in _DECLARED}


def arrow_schema(table: Table) -> pa.Schema:
    """Parquet schema of a table, source columns included."""
    import pyarrow as pa

    kinds = {
        "text": pa.string(),
        "enum": pa.string(),
        "date": pa.date32(),
        "int": pa.int64(),
        "number": pa.float64(),
        "bool": pa.bool_(),
        "list": pa.list_(pa.string()),
    }
    return pa.schema([pa.field(c.name, kinds[c.kind]) for c in (*table.columns, *SOURCE_COLUMNS)])
