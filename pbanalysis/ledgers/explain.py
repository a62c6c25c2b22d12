"""From what was concluded to what is said: the findings of a file."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace

from pbanalysis.ledgers.checks import check_sums
from pbanalysis.ledgers.grid import address
from pbanalysis.ledgers.headers import suggestion
from pbanalysis.ledgers.layout import Layout
from pbanalysis.ledgers.result import DataRow, FileResult, Finding, Severity, SheetResult
from pbanalysis.privacy.pseudonyms import mask

__all__ = ["explain", "with_ids"]


def explain(result: FileResult) -> list[Finding]:
    """Findings of a file, in the order a reader goes through it."""
    found = [replace(f, about=f.about or f"{f.code}|{f.sheet}") for f in result.findings]
    for sheet in result.sheets:
        said = [*sheet.findings, *_sheet(sheet, sheet.layout)] if sheet.layout else sheet.findings
        found += [
            replace(f, sheet=sheet.sheet.name, township_id=f.township_id or sheet.township_id) for f in said
        ]
    return [replace(f, file=result.file, kind=result.kind) for f in found]


def with_ids(findings: Iterable[Finding]) -> list[Finding]:
    """Findings with their stable ids.

    An id is a hash of township, ledger kind, field, code and what the row is about (its branch, date,
    topic …), never of the file or the row number: a resubmitted workbook with rows inserted above keeps the
    ids of what is still open. The same thing said twice is counted through.
    """
    seen: Counter[str] = Counter()
    out = []
    for f in findings:
        text = "\x1f".join((f.township_id, f.kind, f.field, f.code, f.about or f"{f.sheet}|{f.cell}"))
        seen[text] += 1
        digest = hashlib.blake2b(f"{text}\x1f{seen[text]}".encode(), digest_size=6).hexdigest()
        out.append(replace(f, finding_id=f"F{digest}"))
    return out


def _sheet(sheet: SheetResult, layout: Layout) -> Iterator[Finding]:
    yield from _columns(sheet, layout)
    yield from _hidden(sheet, layout)
    yield from _other(sheet)
    for row in sheet.rows:
        yield from _row(sheet, layout, row)
    for number, name, code, message in check_sums(sheet):
        where = sheet.where(number, layout.fields[name].index)
        about = f"{code}|{name}|{sheet.roles[number]}"
        severity: Severity = "confirm" if code == "total_mismatch" else "note"
        yield Finding(severity, code, message, where, number, name, about=about)
    yield from _defaults(sheet, layout)


def _columns(sheet: SheetResult, layout: Layout) -> Iterator[Finding]:
    taken, row = set(layout.fields), layout.bottom
    for column in layout.columns.values():
        header, where = mask(column.header, sheet.names), sheet.where(row, column.index)
        count = sum(column.index in sheet.sheet.rows[r.number] for r in sheet.rows)
        field, about = column.field or column.meant or "", f"{column.doubt}|{header}"
        if field and column.doubt in _OF_COLUMN:
            severity, message = _OF_COLUMN[column.doubt]
            message = message.format(header=header, label=layout.kind.fields[field].label)
            yield Finding(severity, column.doubt, message, where, row, field, about=about)
        elif column.field is None and count:
            near = suggestion(layout.kind.layout, column.path[-1], taken)
            hint = f"如果是“{near}”，请把表头改成这个写法" if near else ""
            message = f"不认识“{header}”这一列（{count} 个单元格），没有读取"
            about = f"column|{header}"
            yield Finding("note", "unknown_column", message, where, row, suggestion=hint, about=about)
    stray = [(r.number, c) for r in sheet.rows for c in sheet.sheet.rows[r.number] if c not in layout.columns]
    if stray:
        message = f"有 {len(stray)} 个单元格上方没有表头，没有读取"
        first = stray[0]
        yield Finding("confirm", "cell_without_header", message, address(*first), first[0], about="stray")


_OF_COLUMN: dict[str, tuple[Severity, str]] = {
    "duplicate_header": ("confirm", "“{header}”这样的列有不止一个；只读取第一个，其余没有读取"),
    "other_year": ("note", "“{header}”是别的年度，没有读取"),
    "place": (
        "confirm",
        "表头“{header}”看不出是什么时间，按位置读取，请改成“发现时间”“完成时间”一类的写法",
    ),
    "containment": ("note", "表头“{header}”按“{label}”读取"),
}


def _hidden(sheet: SheetResult, layout: Layout) -> Iterator[Finding]:
    rows = sorted(r.number for r in sheet.rows if r.number in sheet.sheet.hidden_rows)
    if rows:
        message = f"有 {len(rows)} 个数据行是隐藏的（从第 {rows[0]} 行起），仍然计入，请确认"
        yield Finding("confirm", "hidden_rows", message, row=rows[0], about="hidden_rows")
    if columns := sheet.sheet.hidden_columns & layout.columns.keys():
        message = f"有 {len(columns)} 列是隐藏的，仍然读取"
        yield Finding("note", "hidden_columns", message, about="hidden_columns")


def _other(sheet: SheetResult) -> Iterator[Finding]:
    """A second table, and cards, are said: the one was not read, the other was read in an unusual way."""
    if rows := [n for n, role in sheet.roles.items() if role == "other_table"]:
        message = f"从第 {rows[0]} 行起有另外的内容（{len(rows)} 行），没有读取；需要计入请单独成表"
        yield Finding("confirm", "other_table", message, row=rows[0], about="other_table")
    if sheet.cards is not None:
        message = "这是竖排的登记卡，已按一卡一行读取，请核对"
        yield Finding("confirm", "vertical_card", message, row=min(sheet.cards.rows), about="card")


_SAID_OF_COLUMN = ("header_by_place", "duplicate_header")  # one finding at the header is enough


def _row(sheet: SheetResult, layout: Layout, row: DataRow) -> Iterator[Finding]:
    # what the row is about, without personal values: survives inserted rows and new serial numbers
    about = "|".join("" if p is None else str(p) for p in row.identity)
    for name, reading in row.readings.items():
        column = layout.fields.get(name)
        if reading.kind in ("ok", "normalised") or reading.code in _SAID_OF_COLUMN or column is None:
            continue
        yield Finding(
            "block" if reading.kind == "rejected" else "confirm",
            reading.code,
            f"“{mask(column.header, sheet.names)}”：{reading.message}",
            sheet.where(row.number, column.index),
            sheet.at(row.number, column.index)[0],
            name,
            _advice(reading.code),
            about,
            row.township_id,
        )
    if row.disposition == "accepted":
        return
    columns = sheet.sheet.rows[row.number]
    where = sheet.where(row.number, min(columns)) if columns else ""
    severity: Severity = "block"
    if row.disposition == "duplicate":
        severity, message = "confirm", f"这一行{row.message}"
        advice = "如果确是两件事，请写出区别；否则请删去一行"
    elif any(r.code == row.code for r in row.readings.values()):
        return  # said of the cell
    else:
        message, advice = f"这一行没有采用：{row.message}", _advice(row.code)
    at = (where, row.number, "", advice, f"row|{about}", row.township_id)
    yield Finding(severity, row.code, message, *at)


_NEEDED = {  # layout -> field that its table requires, and what is taken where the ledger has no such column
    "issues": (
        ("category", "没有“问题类别”一栏，全部按“其他”计"),
        ("source", "没有“问题来源”一栏，全部按“自查”计"),
    ),
    "trainings": (("training_kind", "没有“培训类别”一栏，按名称判断，看不出的按“业务培训”计"),),
    "admissions": (("two_new", "没有“两新组织”一栏，按党组织名册判断"),),
}


def _defaults(sheet: SheetResult, layout: Layout) -> Iterator[Finding]:
    if not any(r.disposition == "accepted" for r in sheet.rows):
        return
    for name, message in _NEEDED.get(layout.kind.layout, ()):
        if name not in layout.fields:
            code = f"no_{name}_column"
            yield Finding("note", code, message, row=layout.bottom, field=name, about=code)
    if waiting := sum(r.code == "no_year" for r in sheet.rows):
        message = f"没有写明是哪一年，{waiting} 行暂时不能入表；请在标题里写明年度，或导入时用 --as-of 指定"
        yield Finding("block", "no_year", message, row=layout.top, about="no_year")
    if not layout.kind.table:
        message = "这是次数统计，不是逐次台账，只核对、不入库；请报送逐次记录的台账"
        yield Finding("note", "counts_only", message, row=layout.bottom, about="counts_only")


def _advice(code: str) -> str:
    """What a township can do about a cell."""
    return "请核对哪一处对" if code.startswith("conflicts_with_row") else _ADVICE.get(code, "")


_ADVICE = {
    code: advice
    for codes, advice in (
        ("invalid_date two_digit_year western_order", "请写成 2023-05-31 这样的日期"),
        ("ambiguous_date ambiguous_month year_from_ledger", "请写成 2023-05-31 这样的完整日期"),
        ("month_only decimal_month end_of_month year_only", "请补全年、月、日，写成 2023-05-31"),
        ("not_a_date no_year several_dates", "请写一个日期，例如 2023-05-31；没有就留空"),
        ("range_not_value not_exact not_a_number not_whole", "请填一个确定的数或日期，不写文字"),
        ("percent_guess ratio_guess ambiguous_rate", "请写上百分号，例如 92%"),
        ("attended_exceeds_expected counts_do_not_add_up", "请核对应到、实到、请假人数"),
        ("unknown_branch ambiguous_branch", "请按党组织名册写全称；名册有变动的，请告诉县里"),
        ("unknown_village ambiguous_village unknown_township ambiguous_township", "请写全称"),
        ("no_township no_branch no_village", "请逐行填写，或把相同的单元格合并"),
        ("date_order too_soon future_date span_reversed", "请核对这几步的日期；无误的不用改"),
        ("done_without_date closed_without_date status_disagrees", "请核对进展和完成、销号时间"),
        ("no_unit suspect_unit", "请在表头或表上方写明单位，例如（万元）"),
        ("inconsistent_with_counts", "请核对人数和比率"),
        ("out_of_range", "请核对后重新填写"),
        ("precision_lost", "请先把该列设为文本格式，再重新填写 18 位号码"),
        ("id_checksum", "请对照证件重新填写"),
        ("not_in_vocabulary partly_in_vocabulary", "请从下拉选项或填表说明中的写法里选"),
        ("vocabulary_doubt", "请写成“已完成”“正在整改”“未启动”或“已销号”一类的写法"),
        ("none_or_zero", "是 0 就填 0，没有数据就留空"),
        ("personal_in_text", "这一列请不要写姓名、电话和证件号"),
        ("error_value", "请重新填写数值，不要用公式"),
        ("strikethrough", "作废的请删去，有效的请去掉删除线"),
        ("key_conflict", "请核对哪一行对，删去另一行"),
        ("empty_row", "没有内容的行可以删去"),
    )
    for code in codes.split()
}
