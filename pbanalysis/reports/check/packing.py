"""What is inside a package: names a clerk can read, a contents page that leads to them, and a guide.

Names are Chinese and say whose file it is, for which period and what, because files are copied out of
their folders and sent on alone. None has a character that Windows forbids.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from html import escape, unescape
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import quote, unquote

from pbanalysis.calendar import Period
from pbanalysis.reports.check.delivery import CHECKSUMS, GUIDE, MANIFEST
from pbanalysis.reports.documents.document import STATUSES
from pbanalysis.reports.manifest import Entry
from pbanalysis.terms import THEMES

__all__ = ["checksums", "guide", "index_again", "packed_name", "title_of"]

_LABELS = {  # in the order of the contents page
    "report.pdf": ("评估报告", "评估报告（PDF，供打印）"),
    "report.docx": ("评估报告", "评估报告（Word，可编辑）"),
    "report.xlsx": (
        "基层组织建设重点指标完成情况统计表",
        "基层组织建设重点指标完成情况统计表（Excel）",
    ),
    "study_quality.html": ("学习质量", "学习质量（网页）"),
    "member_development.html": ("发展党员", "发展党员（网页）"),
    "rectification.html": ("整改成效", "整改成效（网页）"),
    "overview.html": ("全县一览", "全县一览（网页）"),
    "facts.json": ("数字出处", "报告中每个数的出处（供核对）"),
    "results.csv": ("全部指标", "全部指标（CSV）"),
}
# what Windows forbids in a name (a point too: NUL.镇 is NUL), and what changes how it reads without being seen
_FORBIDDEN = re.compile(r'[.\\/:*?"<>|\x00-\x1f\x7f\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff]')
_HREF = re.compile(r'(?<=href=")([^"#]+)(?=")')
_CARDS = "未能生成的报告"
_LONGEST = 24


def title_of(entries: Iterable[Entry], period: Period, *, whole: bool) -> str:
    """What a package is called: whose reports, of when, and whether they still are drafts.

    ``whole`` packages are the county's; of attachments in several states the least final one tells.
    """
    inputs = [entry.inputs for entry in entries]
    states = {str(i["setting"]["status"]) for i in inputs if "setting" in i}
    state = next((name for status, name in STATUSES.items() if status in states), "")
    named = [i for i in inputs if "unit" in i]
    county = next((str(i["county"]).partition(" ")[2] for i in named), "")
    unit = (county or "全县") if whole else next((str(i["unit"]) for i in named), "")
    return f"{_short(unit)}{period.title}基层党建评估报告{state and f'_{state}'}"


def packed_name(name: str, period: Period) -> str:
    """The path in a package of the file that ``report`` calls ``name``.

    >>> packed_name("629902100_云台镇/study_quality.html", Period.parse("2023"))
    '629902100_云台镇/云台镇_2023年度_学习质量.html'
    >>> packed_name("county/report.xlsx", Period.parse("2023"))
    '全县/全县_2023年度_基层组织建设重点指标完成情况统计表.xlsx'
    """
    path = PurePosixPath(name)
    folder = path.parent.name
    if name == "index.html":
        return name
    if folder == "errors":
        stem, _, theme = path.stem.rpartition("_")
        return (
            f"{_CARDS}/{_short(stem)}_{THEMES.get(theme, '评估报告' if theme == 'document' else theme)}.html"
        )
    code, _, unit = folder.partition("_") if folder not in ("", "county") else ("", "", "全县")
    label = _LABELS.get(path.name, _LABELS.get(f"{path.stem}.html", (path.stem,)))[0]
    process = "_分析过程" * (path.suffix == ".ipynb")
    file = f"{_short(unit)}_{period.title}_{label}{process}{path.suffix}"
    own = f"{code}_{_short(unit)}" if code else ""
    return "/".join(filter(None, ("全县" if folder == "county" else own, file)))


def _short(name: str) -> str:
    """A unit's name as part of a file's: without what Windows forbids, and so short that the path is allowed.

    Windows takes paths of 259 characters; the name stands in the package's, the folder's and the file's.

    >>> _short("甲/乙镇. "), len(_short("镇" * 200))
    ('甲_乙镇', 24)
    """
    return _FORBIDDEN.sub("_", unicodedata.normalize("NFC", name))[:_LONGEST].strip(" _")


def index_again(manifest: Mapping[str, Any], page: bytes | None = None) -> bytes:
    """The contents page of a package, from its manifest.

    Parameters
    ----------
    manifest
        The package's.
    page
        The contents page of the run, whose links are then led to the files' names here; without it the page
        is that of one township.
    """
    names: Mapping[str, str] = manifest["names"]
    if page is None:
        return _of_township(str(manifest["title"]), str(manifest["as_of"]), names).encode("utf-8")
    paths = {name: path for path, name in names.items()}

    def led(found: re.Match[str]) -> str:
        name = unquote(unescape(found[1]))
        return escape(quote(paths.get(name, name)))

    return _HREF.sub(led, page.decode("utf-8")).encode("utf-8")


def _of_township(title: str, as_of: str, names: Mapping[str, str]) -> str:
    links = [
        f'<li><a href="{escape(quote(path))}">{label}</a></li>'
        for kind, (_, label) in _LABELS.items()
        for path, name in names.items()
        if name.endswith(f"/{kind}")
    ]
    return f"""<!DOCTYPE html>
<html lang="zh-CN"><head><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>{escape(title)}</title>
<style>body{{font-family:serif;max-width:40em;margin:2em auto;line-height:1.8}}</style></head>
<body><h1>{escape(title)}</h1>
<p>数据截至{escape(as_of)}。怎样使用和核对，见“{GUIDE}”。</p>
<ul>{"".join(links)}</ul></body></html>
"""


def checksums(digests: Mapping[str, str]) -> bytes:
    """``校验码.txt``, as ``sha256sum -c`` reads it, of digests by path."""
    lines = [f"{digest}  {path}" for path, digest in sorted(digests.items())]
    # the first line takes the byte-order mark: a program that checks the sums passes over it
    return "\r\n".join(["# SHA-256 校验码", *lines, ""]).encode("utf-8-sig")


def guide(title: str, as_of: str, names: Iterable[str]) -> bytes:
    """``说明.txt``: what is what, and how to check it; for Notepad, so with a BOM and its line ends."""
    has = {PurePosixPath(name).name for name in names}
    kinds = (
        ("report.pdf", "…_评估报告.pdf", "正式附件，供打印"),
        ("report.docx", "…_评估报告.docx", "同一报告的 Word 版，可编辑"),
        ("report.xlsx", "…_统计表.xlsx", "基层组织建设重点指标完成情况统计表"),
        ("study_quality.html", "…_学习质量、发展党员、整改成效.html", "三个专题的网页，双击用浏览器打开"),
        ("facts.json", "…_数字出处.json", "报告中每个数的出处，供核对程序使用，不必打开"),
        ("study_quality.ipynb", "…_分析过程.ipynb", "计算过程，供核对程序和技术人员使用"),
    )
    listed = [f"　{file}　{what}" for name, file, what in kinds if name in has]
    lines = [
        title,
        f"数据截至{as_of}。",
        "",
        "一、怎样打开",
        "　先把压缩包解开（右键“全部解压缩”），再双击 index.html，从目录进入各文件。不需要联网。",
        "",
        "二、各是什么",
        "　index.html　目录",
        *listed,
        f"　{CHECKSUMS}　每个文件的校验码（SHA-256）",
        f"　{MANIFEST}　清单，供核对程序使用，请勿改动",
        "",
        "三、怎样核对",
        "　有 pbanalysis 的电脑：pbanalysis verify 压缩包或解开的文件夹。改动过的文件，会指出是哪个数。",
        f"　没有的：Windows 命令行 certutil -hashfile 文件名 SHA256，与“{CHECKSUMS}”中的一行比较；",
        f"　Linux：sha256sum -c {CHECKSUMS}",
        "　用 Word、WPS 打开后另存，校验码会变；verify 会说明数字是否仍与事实一致。",
        "",
        "四、请注意",
        "　请勿改文件名、勿移动文件，否则目录里的链接和核对会失效。",
        "　Word、Excel 中的数字请勿改动；需补充情况，请写入“乡镇说明”。",
    ]
    return ("\r\n".join(lines) + "\r\n").encode("utf-8-sig")
