"""The townships' own words, for the box on page 1: read, checked, and told apart from ours.

A statement is printed as it was written, under the name of the township that wrote it. What must not be
printed at all (an identity number, a telephone number, a folder of some machine) is refused by its kind
and place, never repeated. Names cannot be recognised: whoever hands the statement in answers for them.
"""

from __future__ import annotations

import csv
import io
import unicodedata
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TypeAlias

from pbanalysis.errors import Code, PbError, near_names
from pbanalysis.privacy.scan import KIND_NAMES, scan_bytes

__all__ = ["MOST", "of_townships", "read_statements"]

MOST = 2000  # characters, white space left out: a page and a half of the annex
_TEXTS, _TABLES = {".txt", ".md"}, {".xlsx", ".xls", ".csv"}
_COLUMNS = ("乡镇", "说明")
Said: TypeAlias = tuple[str, str, str]  # where it stands, whose it is, what it says


def read_statements(source: Path) -> dict[str, str]:
    """Statements by the township's code or name as written there; blank ones are none.

    Parameters
    ----------
    source
        A folder with a text file (UTF-8 or GB18030) per township, named after it: ``云台镇.txt``,
        ``629902100.md``, ``629902100_云台镇.txt``; or one workbook or CSV with the columns 乡镇 and 说明.

    Raises
    ------
    PbError
        Nothing there, or of another kind; two statements of one township; a statement that is too
        long (exit 3) or holds what belongs to a person or a machine (exit 4).
    """
    source = Path(source)
    found: dict[str, str] = {}
    for where, name, text in _folder(source) if source.is_dir() else _table(source):
        text = _tidy(text)
        if not text:
            continue
        if name in found:
            raise _refused("同一乡镇有两份说明", where, "请只留一份")
        _check(text, where)
        found[name] = text
    return found


def of_townships(statements: Mapping[str, str], townships: Mapping[str, str]) -> dict[str, str]:
    """The statements by code; ``townships`` are the county's names by code.

    Raises
    ------
    PbError
        ``UNKNOWN_TOWNSHIP``, with the near names; two names of one township.
    """
    codes = {key: code for code, name in townships.items() for key in (code, name, f"{code}_{name}")}
    found: dict[str, str] = {}
    for name, text in statements.items():
        if name not in codes:
            raise PbError(
                Code.UNKNOWN_TOWNSHIP,
                "没有这个乡镇",
                where="--statements",
                got=name,
                fix=near_names(name, townships.values()),
            )
        if codes[name] in found:
            raise _refused("同一乡镇有两份说明", f"--statements {name}", "请只留一份")
        found[codes[name]] = text
    return found


def _folder(folder: Path) -> Iterator[Said]:
    for path in sorted(folder.iterdir()):
        if path.name.startswith((".", "~$")):  # left by the file manager or an open editor
            continue
        if not path.is_file() or path.suffix.lower() not in _TEXTS:
            raise _refused("乡镇说明要是 .txt 或 .md 文本文件", path.name, "请另存为文本文件，或移出该文件夹")
        yield path.name, path.stem.strip(), _decoded(path)


def _table(path: Path) -> Iterator[Said]:
    if not path.exists():
        raise PbError(
            Code.UNKNOWN_PARAMETER,
            "没有这个文件或文件夹",
            where="--statements",
            got=path.name,
            fix="请检查路径",
        )
    if path.suffix.lower() not in _TABLES:
        raise _refused(
            "乡镇说明要是文件夹、工作簿或 CSV", path.name, "请改用 .xlsx、.csv，或每个乡镇一个 .txt 的文件夹"
        )
    rows = _rows(path)
    heads = [number for number, row in enumerate(rows) if set(_COLUMNS) <= set(row)]
    if not heads:
        raise _refused("没有找到“乡镇”“说明”两列", path.name, "请在第一行写上这两个列名")
    name_at, text_at = (rows[heads[0]].index(column) for column in _COLUMNS)
    for number, row in enumerate(rows[heads[0] + 1 :], start=heads[0] + 2):
        name, text = (row[at] if at < len(row) else "" for at in (name_at, text_at))
        if text and not name:
            raise _refused("有说明而没有写明乡镇", f"{path.name} 第{number}行", "请补上乡镇的代码或名称")
        yield f"{path.name} 第{number}行", name, text


def _rows(path: Path) -> list[list[str]]:
    if path.suffix.lower() == ".csv":
        return [[cell.strip() for cell in row] for row in csv.reader(io.StringIO(_decoded(path)))]
    from python_calamine import CalamineError, CalamineWorkbook

    from pbanalysis.ledgers.read_xls import no_panic

    try:
        with no_panic():
            sheet = CalamineWorkbook.from_path(str(path)).get_sheet_by_index(0)
            rows = sheet.to_python(skip_empty_area=False)
    except CalamineError as error:
        raise _refused("工作簿打不开", path.name, "请另存为不加密的 .xlsx 后重试") from error
    return [[_cell(value) for value in row] for row in rows]


def _cell(value: object) -> str:
    """A code typed as a number is a code all the same."""
    return f"{value:.0f}" if isinstance(value, float) and value.is_integer() else str(value).strip()


def _decoded(path: Path) -> str:
    data = path.read_bytes()
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise _refused("文本的编码不认识", path.name, "请另存为 UTF-8 文本")


def _tidy(text: str) -> str:
    """The words as they are; line ends are one kind, and what no document can hold is gone."""
    lines = text.replace("\t", "　").splitlines()
    kept = ("".join(c for c in line if unicodedata.category(c) not in ("Cc", "Cs", "Cn")) for line in lines)
    return "\n".join(line.rstrip() for line in kept).strip("\n")


def _check(text: str, where: str) -> None:
    if kinds := list(dict.fromkeys(KIND_NAMES[hit.kind] for hit in scan_bytes(text.encode(), where))):
        raise PbError(
            Code.PRIVACY_GATE,
            f"乡镇说明中有{'、'.join(kinds)}，不能印入报告",
            where=where,
            fix="请删去后再次运行；说明中不要写个人信息",
        )
    length = len("".join(text.split()))
    if length > MOST:
        raise _refused(
            f"乡镇说明{length}字，超过{MOST}字", where, f"请由该乡镇删减 {length - MOST} 字以上，程序不作删节"
        )


def _refused(what: str, where: str, fix: str) -> PbError:
    return PbError(Code.INPUT_REFUSED, what, where=where, fix=fix)
