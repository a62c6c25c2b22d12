"""One file, concluded: which township and kind it is, and what its sheets hold."""

from __future__ import annotations

from collections import Counter

from pbanalysis.ledgers.analyse import Setting, conclude, locate
from pbanalysis.ledgers.checks import check_rows, mark_duplicates
from pbanalysis.ledgers.grid import Workbook
from pbanalysis.ledgers.result import FileResult, Finding, SheetResult
from pbanalysis.ledgers.template import GUIDE, template_layout
from pbanalysis.ledgers.units import Registry

__all__ = ["conclude_file", "settle"]

_BOOK_NOTES = {
    "html": ("html_named_xls", "文件其实是网页，只是改了扩展名；已按表格读取，请另存为 .xlsx"),
    "xml2003": ("xml_named_xls", "文件是 2003 版 XML 表格；已读取，请另存为 .xlsx"),
    "macros": ("macros", "文件带有宏，没有运行"),
    "chart_sheet": ("chart_sheet", "有图表工作表，没有读取"),
    "extension": ("wrong_extension", "扩展名与内容不符；已按内容读取"),
}


def conclude_file(result: FileResult, book: Workbook, folder: str, setting: Setting) -> None:
    """Read the visible sheets of a file; hidden ones are reported, not counted.

    ``folder`` is the name of the folder it lies in: it may say the township.
    """
    only = template_layout(book)
    guides = [s for s in book if only and s.name == GUIDE]
    visible = [s for s in book if not s.hidden and s not in guides]
    located = [locate(sheet, result.file, only=only) for sheet in visible if sheet.rows]
    rows: Counter[str] = Counter()
    for sheet in located:
        if sheet.layout:
            rows[sheet.layout.kind.name] += max(1, sum(r == "data" for r in sheet.roles.values()))
    result.kind = rows.most_common(1)[0][0] if rows else "unknown"
    result.sheets = [*located, *(SheetResult(s, dict.fromkeys(s.numbers(), "note")) for s in guides)]
    for code, message in (_BOOK_NOTES[word] for word in dict.fromkeys(book.notes)):
        result.findings.append(Finding("note", code, message, about=code))
    for hidden in book:
        if hidden.hidden and hidden.rows and not only:
            message = f"工作表是隐藏的（{len(hidden.rows)} 行），没有读取；需要计入请取消隐藏"
            result.findings.append(Finding("confirm", "hidden_sheet", message, sheet=hidden.name))
    for sheet in located:
        town = _township(sheet, result.file, folder, setting.registry)
        conclude(sheet, setting, town)
        if sheet.layout is None:
            sheet.township_id = town
            result.findings.append(_unrecognised(sheet, any(s.layout for s in located)))
        elif sheet.search.rivals:
            others = "”“".join(sheet.search.rivals)
            message = f"看不出是哪一种台账，按“{sheet.layout.kind.title}”读取；也可能是“{others}”"
            tie = Finding("confirm", "kind_tie", message, row=sheet.layout.top, sheet=sheet.sheet.name)
            result.findings.append(tie)
    mark_duplicates(result)
    for sheet in located:
        check_rows(sheet)


def _township(sheet: SheetResult, file: str, folder: str, registry: Registry) -> str:
    """Township of a sheet: 填报单位, else title, sheet name, file name, folder name; the first that names exactly one."""
    unit_text = sheet.preamble.unit_text
    if unit_text and (code := registry.township(unit_text)[1]):
        return code
    name = file.rsplit("/", 1)[-1]
    for text in (unit_text, sheet.preamble.title, sheet.sheet.name, name, folder):
        codes = registry.township_in(text)
        if len(codes) == 1:
            return codes.pop()
    return ""


def _unrecognised(sheet: SheetResult, beside: bool) -> Finding:
    """A sheet that is no ledger; beside one that is, a table of contents is only worth a note."""
    search = sheet.search
    missing = "、".join(search.missing)
    what = f"最像“{search.nearest}”，但找不到这些列：{missing}" if search.nearest else "找不到认识的表头"
    return Finding(
        "note" if beside and not search.nearest else "block",
        "unrecognised_layout",
        f"这张工作表没有读取：{what}",
        suggestion="" if beside else "请使用县里下发的台账模板",
        sheet=sheet.sheet.name,
        township_id=sheet.township_id,
    )


def settle(result: FileResult) -> None:
    """Code and message of a file that is not simply read: nothing recognised, nil report, or header only."""
    read = [s for s in result.sheets if s.layout]
    if not result.sheets:
        result.refused, result.code, result.message = True, "empty_workbook", "工作簿里没有可读的内容。"
        result.findings.append(Finding("block", result.code, result.message))
    elif not read:
        result.refused, result.code = True, "unrecognised_layout"
        result.message = "没有认出任何台账；请使用县里下发的台账模板。"
    elif any(s.rows for s in read):
        return
    elif any(role == "nil_report" for s in read for role in s.roles.values()):
        result.code, result.message = "nil_report", "零报告：填报了“无”。"
    else:
        result.code, result.message = "empty_submission", "只有表头，没有填报任何内容。"
        message = "只有表头，没有填报任何内容；如果确实没有，请填“无”"
        result.findings.append(Finding("confirm", result.code, message, sheet=read[0].sheet.name))
