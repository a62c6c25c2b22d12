"""One file, concluded: which township and kind it is, what its sheets hold, and what it is a filing of."""

from __future__ import annotations

from collections import Counter

from pbanalysis.ledgers.analyse import Setting, conclude, locate
from pbanalysis.ledgers.canonical import CanonicalFile
from pbanalysis.ledgers.checks import check_rows
from pbanalysis.ledgers.duplicates import mark_duplicates
from pbanalysis.ledgers.explain import note
from pbanalysis.ledgers.grid import Workbook
from pbanalysis.ledgers.keep import Filing
from pbanalysis.ledgers.result import FileResult, SheetResult
from pbanalysis.ledgers.sources import Source
from pbanalysis.ledgers.template import GUIDE, template_layout
from pbanalysis.ledgers.units import Registry

__all__ = ["conclude_file", "filing_of", "is_useless", "settle"]


def conclude_file(source: Source, result: FileResult, book: Workbook, setting: Setting) -> None:
    """Read the visible sheets of a file; hidden ones are reported, not counted."""
    only = template_layout(book)
    guides = [s for s in book if only and s.name == GUIDE]
    visible = [s for s in book if not s.hidden and s not in guides]
    located = [locate(sheet, source.file, only=only) for sheet in visible if sheet.rows]
    kinds = Counter(
        s.layout.kind.name
        for s in located
        if s.layout
        for _ in range(max(1, sum(r == "data" for r in s.roles.values())))
    )
    result.kind = kinds.most_common(1)[0][0] if kinds else "unknown"
    result.sheets = [*located, *(SheetResult(s, dict.fromkeys(s.numbers(), "note")) for s in guides)]
    result.findings += [note(result, word) for word in dict.fromkeys(book.notes)]
    for hidden in book:
        if hidden.hidden and hidden.rows and not only:
            message = f"工作表是隐藏的（{len(hidden.rows)} 行），没有读取；需要计入请取消隐藏"
            result.say("confirm", "hidden_sheet", message, sheet=hidden.name)
    for sheet in located:
        town = _township(sheet, source, setting.registry)
        conclude(sheet, setting, town)
        if sheet.layout is None:
            sheet.township_id = town
            _unrecognised(result, sheet, any(s.layout for s in located))
        elif sheet.search.rivals:
            others = "”“".join(sheet.search.rivals)
            message = f"看不出是哪一种台账，按“{sheet.layout.kind.title}”读取；也可能是“{others}”"
            result.say("confirm", "kind_tie", message, sheet=sheet.sheet.name, row=sheet.layout.top)
    mark_duplicates(result)
    for sheet in located:
        check_rows(sheet)


def _township(sheet: SheetResult, source: Source, registry: Registry) -> str:
    """Township of a sheet: 填报单位, else title, sheet name, file name, folder name; the first that names exactly one."""
    if sheet.preamble.unit_text:
        _, code = registry.township(sheet.preamble.unit_text)
        if code:
            return code
    for text in (
        sheet.preamble.unit_text,
        sheet.preamble.title,
        sheet.sheet.name,
        source.file.rsplit("/", 1)[-1],
        source.folder,
    ):
        codes = registry.township_in(text)
        if len(codes) == 1:
            return next(iter(codes))
    return ""


def _unrecognised(result: FileResult, sheet: SheetResult, beside: bool) -> None:
    """A sheet that is no ledger; beside one that is, a table of contents is only worth a note."""
    search = sheet.search
    missing = "、".join(search.missing)
    what = f"最像“{search.nearest}”，但找不到这些列：{missing}" if search.nearest else "找不到认识的表头"
    result.say(
        "note" if beside and not search.nearest else "block",
        "unrecognised_layout",
        f"这张工作表没有读取：{what}",
        sheet=sheet.sheet.name,
        suggestion="" if beside else "请使用县里下发的台账模板",
        township_id=sheet.township_id,
    )


def settle(result: FileResult) -> None:
    """Code and message of a file that is not simply read: nothing recognised, nil report, or header only."""
    read = [s for s in result.sheets if s.layout]
    if not read:
        result.refused = True
        result.code = "unrecognised_layout" if result.sheets else "empty_workbook"
        result.message = (
            "没有认出任何台账；请使用县里下发的台账模板。" if result.sheets else "工作簿里没有可读的内容。"
        )
        if not result.sheets:
            result.say("block", result.code, result.message)
    elif any(s.rows for s in read):
        return
    elif any(role == "nil_report" for s in read for role in s.roles.values()):
        result.code, result.message = "nil_report", "零报告：填报了“无”。"
    else:
        result.code, result.message = "empty_submission", "只有表头，没有填报任何内容。"
        message = "只有表头，没有填报任何内容；如果确实没有，请填“无”"
        result.say("confirm", "empty_submission", message, sheet=read[0].sheet.name)


def is_useless(result: FileResult | CanonicalFile) -> bool:
    """Whether a file brings nothing: then it replaces nothing either."""
    return isinstance(result, FileResult) and not any(s.layout for s in result.sheets)


def filing_of(result: FileResult | CanonicalFile) -> Filing:
    """What a file is a filing of."""
    if isinstance(result, CanonicalFile):
        return Filing(result.file, result.table.name, frozenset(), None, "", canonical=True)
    towns = {r.township_id for s in result.sheets for r in s.rows if r.township_id} | {
        s.township_id for s in result.sheets if s.township_id
    }
    first = next((s for s in result.sheets if s.layout), None)
    return Filing(
        result.file,
        result.kind,
        frozenset(towns),
        first.preamble.year if first else None,
        first.preamble.period if first else "",
    )
