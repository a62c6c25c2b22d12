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
{log}<p>其他报告不受影响。本页在报告生成成功后自动删除。</p></main></body></html>
"""


_LOG = "<p>需要维护人员处理时，请把这个文件交给他们：报告目录下的 {}。它只记出错的位置，不含台账内容。</p>\n"


def error_card(unit: str, report: str, error: PbError, log: str = "") -> bytes:
    """The page; holds no value of the data, because the error holds none.

    ``log`` names the file that says where in the program it happened.
    """
    title = f"{unit}　{report}　未能生成"
    what = f"{error.what}（{error.got}）" if error.got else error.what
    told = {"title": title, "what": what, "fix": error.fix or "—", "where": error.where or "—"}
    page = {name: html.escape(text) for name, text in told.items()}
    return _PAGE.format(**page, log=_LOG.format(html.escape(log)) if log else "").encode("utf-8")
