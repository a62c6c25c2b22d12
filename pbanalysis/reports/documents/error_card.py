"""The card of a report that could not be built: what, why, and what to do, in Chinese."""

from __future__ import annotations

import html

from pbanalysis.errors import PbError

__all__ = ["error_card"]

_PAGE = """<!DOCTYPE html>
<html lang="zh-CN"><head><meta charset="utf-8"><title>{title}</title>
<style>body{{font-family:"Noto Sans SC","Microsoft YaHei",sans-serif;max-width:42em;margin:3em auto;line-height:1.8}}
main{{border:2px solid #a33;padding:1em 2em}}dt{{font-weight:bold}}</style></head>
<body><main><h1>{title}</h1><dl><dt>原因</dt><dd>{what}</dd><dt>怎么办</dt><dd>{fix}</dd><dt>位置</dt><dd>{where}</dd></dl>
<p>其他报告不受影响。本页在报告生成成功后自动删除。</p></main></body></html>
"""


def error_card(unit: str, report: str, error: PbError, where: str = "") -> bytes:
    """The page; holds no value of the data, because the error holds none."""
    title = f"{unit}　{report}　未能生成"
    place = "　".join(part for part in (error.where, where) if part) or "—"
    what = f"{error.what}（{error.got}）" if error.got else error.what
    told = {"title": title, "what": what, "fix": error.fix or "—", "where": place}
    return _PAGE.format(**{name: html.escape(text) for name, text in told.items()}).encode("utf-8")
