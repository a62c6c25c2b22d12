"""Empty workbooks to hand to townships: filled correctly, they import without a finding."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import xlsxwriter

from pbanalysis.errors import Code, PbError, near_names
from pbanalysis.ledgers.grid import Workbook, column_letters
from pbanalysis.ledgers.headers import Field, Kind, kinds, words
from pbanalysis.ledgers.units import Township, read_units
from pbanalysis.terms import LEDGER_KINDS

__all__ = ["FORM", "GUIDE", "MARK", "template_layout", "write_template"]

FORM, GUIDE, META, LISTS = "填报", "填写说明", "_meta", "_lists"
MARK = "pbanalysis-template"
VERSION = 1
_ROWS = 2000  # rows prepared for filling
_LEVELS = [
    "≤35",
    "36–60",
    "≥61",
    "大专及以上",
    "高中及以下",
    "女",
    "男",
    "农牧渔民",
    "工人",
    "管理和专业技术人员",
    "其他",
]
_REQUIRED = {
    "township", "branch", "village", "held_on", "meeting_type", "issue", "category", "source", "status", "activity", "level",
    "training_kind", "case_no", "stage", "two_new", "year", "dimension", "n", "elected_on", "term_no", "term_years", "expires_on",
    "cycle_year", "listed_on", "enterprise", "enterprise_kind", "coverage", "operating", "eligible", "as_of", "members_n",
    "full_members_n", "probationary_n",
}  # fmt: skip


def write_template(kind: str, path: Path, *, units: Path | None = None) -> None:
    """Write the empty workbook of a ledger kind.

    Parameters
    ----------
    kind
        One of the ledger kinds (``meetings``, ``issues`` …).
    path
        The workbook to write.
    units
        Registry whose townships and villages the drop-downs offer.

    Raises
    ------
    PbError
        No such kind, or the registry cannot be read.
    """
    found = next((k for k in kinds().values() if k.name == kind and k.template), None)
    if found is None:
        names = [k for k in LEDGER_KINDS if k != "unknown"]
        raise PbError(Code.UNKNOWN_NAME, "没有这种台账", where="KIND", got=kind, fix=near_names(kind, names))
    county, _, towns = read_units(units) if units else ("", "", [])
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with xlsxwriter.Workbook(str(path), {"strings_to_formulas": False, "strings_to_urls": False}) as book:
            book.set_properties(
                {"author": "pbanalysis", "created": dt.datetime.combine(dt.date(2023, 1, 1), dt.time())}
            )
            _form(book, found, towns)
            _guide(book, found)
            _lists(book, towns)
            _meta(book, found, county)
    except (OSError, xlsxwriter.exceptions.FileCreateError) as error:
        raise PbError(
            Code.OUTPUT_FAILED, "模板写不进去", where=path.name, fix="请检查路径，或先关闭已打开的同名文件"
        ) from error


def template_layout(book: Workbook) -> str | None:
    """Layout that a filled template names in its hidden sheet; None for any other workbook."""
    meta = next((s for s in book if s.name == META and s.hidden), None)
    if meta is None or meta.text(1, 1) != MARK or meta.text(2, 2) not in kinds():
        return None
    return meta.text(2, 2)


def _form(book: Any, kind: Kind, towns: Sequence[Township]) -> None:
    page = book.add_worksheet(FORM)
    base = {"border": 1, "bold": True, "text_wrap": True, "align": "center", "valign": "vcenter"}
    head, must = (
        book.add_format(base | {"bg_color": "#DDEBF7"}),
        book.add_format(base | {"bg_color": "#FCE4D6"}),
    )
    page.set_row(0, 36)
    for i, name in enumerate(kind.template):
        declared = kind.fields[name]
        look = book.add_format({"locked": False, "num_format": _number_format(declared)})
        wide = 30 if declared.personal_text else 14 if declared.type != "seq" else 6
        page.set_column(i, i, wide, look)
        page.write_string(0, i, _title(declared), must if name in _REQUIRED else head)
        if rule := _rule(declared, kind, towns):
            page.data_validation(1, i, _ROWS, i, rule)
    page.freeze_panes(1, 0)
    allowed = dict.fromkeys(
        ("format_columns", "format_rows", "insert_rows", "delete_rows", "sort", "autofilter"), True
    )
    page.protect("", allowed)
    page.set_landscape()
    page.fit_to_pages(1, 0)
    page.repeat_rows(0)


def _title(declared: Field) -> str:
    unit = "（元）" if declared.type == "money" else ""
    return f"{'*' if declared.name in _REQUIRED else ''}{declared.label}{unit}"


# type of a field -> what a clerk is told to put there, and an example
_TOLD = {
    "date": ("日期", "2023-05-31"),
    "deadline": ("日期；没有期限的填“立行立改”或“长期坚持”", "2023-12-31"),
    "enum": ("从下拉选项中选", ""),
    "types": ("从下拉选项中选，几种合开的用顿号隔开", ""),
    "bool": ("选“是”或“否”", "是"),
    "presence": ("选“是”或“否”", "是"),
    "count": ("整数", "1"),
    "seq": ("整数", "1"),
    "year": ("整数", "2023"),
    "money": ("金额，单位元", "62000"),
    "number": ("数字", "1.5"),
    "personal": ("姓名；入库时换成代号，不保存姓名", "某某"),
    "township": ("乡镇（街道）全称", "某某镇"),
    "village": ("村（社区）全称", "某某村"),
    "branch": ("党组织全称，与名册一致", "某某村党支部"),
}
_TEXT = ("文字，不要写姓名、电话、证件号", "")
_AS_TEXT = ("case_no", "id_number", "text", "township", "village", "branch", "personal")

_STOP = {"error_title": "请核对", "ignore_blank": True}
_WHOLE = _STOP | {
    "validate": "integer",
    "criteria": "between",
    "minimum": 0,
    "maximum": 10**7,
    "error_message": "请填整数",
}
_DECIMAL = _STOP | {"validate": "decimal", "criteria": ">=", "value": 0, "error_message": "请填数字"}
_RULES: dict[str, dict[str, Any]] = {
    "date": _STOP
    | {
        "validate": "date",
        "criteria": "between",
        "minimum": dt.date(1921, 7, 1),
        "maximum": dt.date(2099, 12, 31),
        "error_message": "请填日期，例如 2023-05-31",
    },
    "deadline": {"validate": "any", "input_message": "填日期；没有期限的填 立行立改 或 长期坚持"},
    "count": _WHOLE,
    "year": _WHOLE,
    "money": _DECIMAL,
    "number": _DECIMAL,
}
_PICK = {
    "bool": "请选 是 或 否",
    "presence": "请选 是 或 否",
    "village": "请先选乡镇，再选村（社区）",
    "types": "几种会议合开的，用顿号隔开",
}


def _number_format(declared: Field) -> str:
    if declared.type in ("date", "deadline"):
        return "yyyy-mm-dd"
    return "@" if declared.type in _AS_TEXT else "General"


def _rule(declared: Field, kind: Kind, towns: Sequence[Township]) -> dict[str, Any] | None:
    """Data validation of a column: a list where there are choices."""
    choices = _choices(declared, kind, towns)
    if choices is None:
        return _RULES.get(declared.type)
    told = _PICK.get(declared.type, "请从下拉选项中选")
    rule = {"validate": "list", "source": choices, "error_message": told}
    if declared.type == "types":  # words may be joined
        return rule | {"error_type": "information", "input_message": told}
    return _STOP | rule


def _choices(declared: Field, kind: Kind, towns: Sequence[Township]) -> list[str] | str | None:
    match declared.type:
        case "bool" | "presence":
            return ["是", "否"]
        case "enum" | "types":
            listed = list(words(declared.vocabulary))
            # Excel takes no list of more than 255 characters
            short = len(",".join(listed)) <= 255 and not any("," in w for w in listed)
            return listed if short else f"={LISTS}!${_CATEGORY}$1:${_CATEGORY}${len(listed)}"
        case "township" if towns:
            return f"={LISTS}!$D$1:$D${len(towns)}"
        case "village" if any(t.villages for t in towns):
            town = f"${column_letters(kind.template.index('township') + 1)}2"
            first = f"MATCH({town},{LISTS}!$A:$A,0)-1"
            return f"=OFFSET({LISTS}!$B$1,{first},0,COUNTIF({LISTS}!$A:$A,{town}),1)"
        case "text" if declared.name == "level":
            return _LEVELS
    return None


_CATEGORY = "F"  # column of the one long vocabulary, the issue categories


def _guide(book: Any, kind: Kind) -> None:
    page = book.add_worksheet(GUIDE)
    wrap, bold = book.add_format({"text_wrap": True, "valign": "top"}), book.add_format({"bold": True})
    page.set_column(0, 0, 26)
    page.set_column(1, 2, 46)
    page.write_string(0, 0, f"{kind.title}填写说明", bold)
    for i, text in enumerate(
        (
            "橙色列必填。请不要改动表头，不要插入标题行或合计行。",
            "没有数据的单元格留空，不要填“/”“无”。",
            "示例只在本页，不要填到“填报”页。",
        ),
        1,
    ):
        page.write_string(i, 0, text)
    for i, text in enumerate(("列", "填什么", "示例")):
        page.write_string(5, i, text, bold)
    for n, name in enumerate(kind.template, 6):
        declared = kind.fields[name]
        what, example = _TOLD.get(declared.type, _TEXT)
        example = words(declared.vocabulary)[0] if declared.vocabulary else example
        for i, text in enumerate((_title(declared), what, example)):
            page.write_string(n, i, text, wrap)


def _lists(book: Any, towns: Sequence[Township]) -> None:
    page = book.add_worksheet(LISTS)
    row = 0
    for i, town in enumerate(towns):
        page.write_string(i, 3, town.name)
        for village in town.villages:
            page.write_string(row, 0, town.name)
            page.write_string(row, 1, village.name)
            row += 1
    for i, word in enumerate(words("category")):
        page.write_string(i, 5, word)
    page.very_hidden()


def _meta(book: Any, kind: Kind, county: str) -> None:
    page = book.add_worksheet(META)
    for i, (name, value) in enumerate(((MARK, str(VERSION)), ("layout", kind.layout), ("county", county))):
        page.write_string(i, 0, name)
        page.write_string(i, 1, value)
    page.very_hidden()
