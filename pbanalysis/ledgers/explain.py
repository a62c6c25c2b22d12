"""From what was concluded to what is said: the findings of a file."""

from __future__ import annotations

from collections.abc import Iterator

from pbanalysis.ledgers.checks import check_sums
from pbanalysis.ledgers.findings import Finding
from pbanalysis.ledgers.grid import address
from pbanalysis.ledgers.headers import suggestion
from pbanalysis.ledgers.result import DataRow, FileResult, SheetResult
from pbanalysis.privacy.pseudonyms import mask

__all__ = ["explain", "note"]

_FILE_NOTES = {
    "html": ("html_named_xls", "文件其实是网页，只是改了扩展名；已按表格读取，请另存为 .xlsx"),
    "xml2003": ("xml_named_xls", "文件是 2003 版 XML 表格；已读取，请另存为 .xlsx"),
    "macros": ("macros", "文件带有宏，没有运行"),
    "chart_sheet": ("chart_sheet", "有图表工作表，没有读取"),
    "extension": ("wrong_extension", "扩展名与内容不符；已按内容读取"),
}


def explain(result: FileResult) -> list[Finding]:
    """Findings of a file, in the order a reader goes through it."""
    found = list(result.findings)
    for sheet in result.sheets:
        found += sheet.findings
        if sheet.layout is not None:
            found += _columns(result, sheet)
            found += _hidden(result, sheet)
            found += _other(result, sheet)
            for row in sheet.rows:
                found += _row(result, sheet, row)
            found += _sums(result, sheet)
            found += _defaults(result, sheet)
    return found


def note(result: FileResult, word: str) -> Finding:
    """Finding about the file as a whole, from a reader's note."""
    code, message = _FILE_NOTES[word]
    return Finding("note", result.file, "", "", None, "", code, message, kind=result.kind, about=code)


def _at(
    result: FileResult,
    sheet: SheetResult,
    severity: str,
    cell: str,
    row: int | None,
    code: str,
    message: str,
    *,
    field: str = "",
    suggestion: str = "",
    about: str = "",
    township: str = "",
) -> Finding:
    return Finding(
        severity,  # type: ignore[arg-type]
        result.file,
        sheet.sheet.name,
        cell,
        row,
        field,
        code,
        message,
        suggestion,
        township or sheet.township_id,
        result.kind,
        about,
    )


def _columns(result: FileResult, sheet: SheetResult) -> Iterator[Finding]:
    layout = sheet.layout
    assert layout is not None
    taken = set(layout.fields)
    for column in layout.columns.values():
        header, where = mask(column.header, sheet.names), sheet.where(layout.bottom, column.index)
        count = sum(column.index in sheet.sheet.rows[r.number] for r in sheet.rows)
        said = {
            "duplicate_header": ("confirm", f"“{header}”这样的列有不止一个；只读取第一个，其余没有读取"),
            "other_year": ("note", f"“{header}”是别的年度，没有读取"),
            "place": (
                "confirm",
                f"表头“{header}”看不出是什么时间，按位置读取，请改成“发现时间”“完成时间”一类的写法",
            ),
            "containment": (
                "note",
                f"表头“{header}”按“{layout.kind.fields[column.field].label}”读取" if column.field else "",
            ),
        }.get(column.doubt)
        if said:
            yield _at(
                result,
                sheet,
                said[0],
                where,
                layout.bottom,
                column.doubt,
                said[1],
                field=column.field or column.meant or "",
                about=f"{column.doubt}|{header}",
            )
        elif column.field is None and count:
            near = suggestion(layout.kind.layout, column.path[-1], taken)
            hint = f"如果是“{near}”，请把表头改成这个写法" if near else ""
            yield _at(
                result,
                sheet,
                "note",
                where,
                layout.bottom,
                "unknown_column",
                f"不认识“{header}”这一列（{count} 个单元格），没有读取",
                suggestion=hint,
                about=f"column|{header}",
            )
    yield from _stray(result, sheet, set(layout.columns))


def _stray(result: FileResult, sheet: SheetResult, known: set[int]) -> Iterator[Finding]:
    stray = [(r.number, c) for r in sheet.rows for c in sheet.sheet.rows[r.number] if c not in known]
    if stray:
        row, column = stray[0]
        yield _at(
            result,
            sheet,
            "confirm",
            address(row, column),
            row,
            "cell_without_header",
            f"有 {len(stray)} 个单元格上方没有表头，没有读取",
            about="stray",
        )


def _hidden(result: FileResult, sheet: SheetResult) -> Iterator[Finding]:
    rows = sorted(r.number for r in sheet.rows if r.number in sheet.sheet.hidden_rows)
    if rows:
        yield _at(
            result,
            sheet,
            "confirm",
            "",
            rows[0],
            "hidden_rows",
            f"有 {len(rows)} 个数据行是隐藏的（从第 {rows[0]} 行起），仍然计入，请确认",
            about="hidden_rows",
        )
    columns = sorted(c for c in sheet.sheet.hidden_columns if sheet.layout and c in sheet.layout.columns)
    if columns:
        yield _at(
            result,
            sheet,
            "note",
            "",
            None,
            "hidden_columns",
            f"有 {len(columns)} 列是隐藏的，仍然读取",
            about="hidden_columns",
        )


def _other(result: FileResult, sheet: SheetResult) -> Iterator[Finding]:
    """A second table, and cards, are said: the one was not read, the other was read in an unusual way."""
    rows = [n for n, role in sheet.roles.items() if role == "other_table"]
    if rows:
        message = f"从第 {rows[0]} 行起有另外的内容（{len(rows)} 行），没有读取；需要计入请单独成表"
        yield _at(result, sheet, "confirm", "", rows[0], "other_table", message, about="other_table")
    if sheet.cards is not None:
        message = "这是竖排的登记卡，已按一卡一行读取，请核对"
        yield _at(result, sheet, "confirm", "", min(sheet.cards.rows), "vertical_card", message, about="card")


def _about(row: DataRow) -> str:
    """What a row is about, without personal values: survives inserted rows and new serial numbers."""
    return "|".join("" if p is None else str(p) for p in row.identity)


def _row(result: FileResult, sheet: SheetResult, row: DataRow) -> Iterator[Finding]:
    assert sheet.layout is not None
    about = _about(row)
    for name, reading in row.readings.items():
        if reading.kind in ("flagged", "rejected") and reading.code not in _SAID_OF_COLUMN:
            column = sheet.layout.fields.get(name)
            if column is None:
                continue
            severity = "block" if reading.kind == "rejected" else "confirm"
            yield _at(
                result,
                sheet,
                severity,
                sheet.where(row.number, column.index),
                sheet.at(row.number, column.index)[0],
                reading.code,
                f"“{mask(column.header, sheet.names)}”：{reading.message}",
                field=name,
                suggestion=_advice(reading.code),
                about=about,
                township=row.township_id,
            )
    said = any(r.code == row.code for r in row.readings.values())
    if row.disposition == "rejected" and not said:
        yield _at(
            result,
            sheet,
            "block",
            _row_cell(sheet, row),
            row.number,
            row.code,
            f"这一行没有采用：{row.message}",
            suggestion=_advice(row.code),
            about=f"row|{about}",
            township=row.township_id,
        )
    elif row.disposition == "duplicate":
        yield _at(
            result,
            sheet,
            "confirm",
            _row_cell(sheet, row),
            row.number,
            row.code,
            f"这一行{row.message}",
            suggestion="如果确是两件事，请写出区别；否则请删去一行",
            about=f"row|{about}",
            township=row.township_id,
        )


_SAID_OF_COLUMN = ("header_by_place", "duplicate_header")  # one finding at the header is enough


def _row_cell(sheet: SheetResult, row: DataRow) -> str:
    columns = sheet.sheet.rows[row.number]
    return sheet.where(row.number, min(columns)) if columns else ""


def _sums(result: FileResult, sheet: SheetResult) -> Iterator[Finding]:
    assert sheet.layout is not None
    for row, name, code, message in check_sums(sheet):
        severity = "confirm" if code == "total_mismatch" else "note"
        yield _at(
            result,
            sheet,
            severity,
            sheet.where(row, sheet.layout.fields[name].index),
            row,
            code,
            message,
            field=name,
            about=f"{code}|{name}|{sheet.roles[row]}",
        )


_DEFAULTS = {
    "issues": (
        ("category", "没有“问题类别”一栏，全部按“其他”计"),
        ("source", "没有“问题来源”一栏，全部按“自查”计"),
    ),
    "trainings": (("training_kind", "没有“培训类别”一栏，按名称判断，看不出的按“业务培训”计"),),
    "admissions": (("two_new", "没有“两新组织”一栏，按党组织名册判断"),),
}


def _defaults(result: FileResult, sheet: SheetResult) -> Iterator[Finding]:
    """What a table needs and the ledger has no column for."""
    assert sheet.layout is not None
    if not any(r.disposition == "accepted" for r in sheet.rows):
        return
    for name, message in _DEFAULTS.get(sheet.layout.kind.layout, ()):
        if name not in sheet.layout.fields:
            yield _at(
                result,
                sheet,
                "note",
                "",
                sheet.layout.bottom,
                f"no_{name}_column",
                message,
                field=name,
                about=f"no_{name}_column",
            )
    waiting = sum(r.code == "no_year" for r in sheet.rows)
    if waiting:
        message = f"没有写明是哪一年，{waiting} 行暂时不能入表；请在标题里写明年度，或导入时用 --as-of 指定"
        yield _at(result, sheet, "block", "", sheet.layout.top, "no_year", message, about="no_year")
    if not sheet.layout.kind.table:
        yield _at(
            result,
            sheet,
            "note",
            "",
            sheet.layout.bottom,
            "counts_only",
            "这是次数统计，不是逐次台账，只核对、不入库；请报送逐次记录的台账",
            about="counts_only",
        )


def _advice(code: str) -> str:
    """What a township can do about a cell."""
    return "请核对哪一处对" if code.startswith("conflicts_with_row") else _ADVICE.get(code, "")


_ADVICE = {
    **dict.fromkeys(("invalid_date", "two_digit_year", "western_order"), "请写成 2023-05-31 这样的日期"),
    **dict.fromkeys(
        ("ambiguous_date", "ambiguous_month", "year_from_ledger"), "请写成 2023-05-31 这样的完整日期"
    ),
    **dict.fromkeys(
        ("month_only", "decimal_month", "end_of_month", "year_only"), "请补全年、月、日，写成 2023-05-31"
    ),
    **dict.fromkeys(("not_a_date", "no_year", "several_dates"), "请写一个日期，例如 2023-05-31；没有就留空"),
    **dict.fromkeys(
        ("range_not_value", "not_exact", "not_a_number", "not_whole"), "请填一个确定的数或日期，不写文字"
    ),
    **dict.fromkeys(("percent_guess", "ratio_guess", "ambiguous_rate"), "请写上百分号，例如 92%"),
    **dict.fromkeys(("attended_exceeds_expected", "counts_do_not_add_up"), "请核对应到、实到、请假人数"),
    **dict.fromkeys(("unknown_branch", "ambiguous_branch"), "请按党组织名册写全称；名册有变动的，请告诉县里"),
    **dict.fromkeys(
        ("unknown_village", "ambiguous_village", "unknown_township", "ambiguous_township"), "请写全称"
    ),
    **dict.fromkeys(("no_township", "no_branch", "no_village"), "请逐行填写，或把相同的单元格合并"),
    **dict.fromkeys(
        ("date_order", "too_soon", "future_date", "span_reversed"), "请核对这几步的日期；无误的不用改"
    ),
    **dict.fromkeys(
        ("done_without_date", "closed_without_date", "status_disagrees"), "请核对进展和完成、销号时间"
    ),
    **dict.fromkeys(("no_unit", "suspect_unit"), "请在表头或表上方写明单位，例如（万元）"),
    "inconsistent_with_counts": "请核对人数和比率",
    "out_of_range": "请核对后重新填写",
    "precision_lost": "请先把该列设为文本格式，再重新填写 18 位号码",
    "id_checksum": "请对照证件重新填写",
    "not_in_vocabulary": "请从下拉选项或填表说明中的写法里选",
    "vocabulary_doubt": "请写成“已完成”“正在整改”“未启动”或“已销号”一类的写法",
    "partly_in_vocabulary": "请从下拉选项或填表说明中的写法里选",
    "none_or_zero": "是 0 就填 0，没有数据就留空",
    "personal_in_text": "这一列请不要写姓名、电话和证件号",
    "error_value": "请重新填写数值，不要用公式",
    "strikethrough": "作废的请删去，有效的请去掉删除线",
    "key_conflict": "请核对哪一行对，删去另一行",
    "empty_row": "没有内容的行可以删去",
}
