"""Interactive tables from the offline bundle: nothing is fetched from anywhere."""

from __future__ import annotations

from functools import cache
from html import escape
from typing import Any

import pandas as pd

from pbanalysis.exhibits.blocks import Table

__all__ = ["bundle_html", "frame_of", "interactive_html"]

_CHINESE = {
    "search": "查找：",
    "info": "第 _START_—_END_ 行，共 _TOTAL_ 行",
    "infoEmpty": "没有行",
    "infoFiltered": "（从 _MAX_ 行中找出）",
    "lengthMenu": "每页 _MENU_ 行",
    "zeroRecords": "没有符合的行",
    "emptyTable": "没有行",
}


@cache
def bundle_html() -> str:
    """The table library itself as HTML, once per page: about 1 MB, from the installed package."""
    from itables import options
    from itables.javascript import generate_init_offline_itables_html

    options.display_logo_when_loading = False
    return str(generate_init_offline_itables_html(options.dt_bundle))


def interactive_html(frame: pd.DataFrame, *, sortable: bool, title: str = "") -> str:
    """A frame as a table that can be searched and paged; all text is escaped.

    ``sortable`` is for rows; a table of townships keeps the official order.
    """
    from itables import to_html_datatable

    if frame.empty:
        return f"<p>{escape(title)}</p>"
    words = [k for k, name in enumerate(frame) if not pd.api.types.is_numeric_dtype(frame[name])]
    head = f"<p><b>{escape(title)}</b></p>" if title else ""
    return head + str(
        to_html_datatable(
            frame,
            connected=False,
            showIndex=False,
            display_logo_when_loading=False,
            ordering=sortable,
            order=[],
            maxBytes=0,
            pageLength=15,
            lengthMenu=[15, 50, 200],
            language=_CHINESE,
            columnDefs=[{"targets": words, "className": "dt-left"}] if words else [],
            classes="display compact",
            style="table-layout:auto;width:100%",
            allow_html=False,
        )
    )


def frame_of(table: Table) -> pd.DataFrame:
    """The printed cells of a table block; the text is what the report prints."""
    block = table.block()
    titles = [column["title"] for column in block["columns"]]
    rows = [row["cells"] for row in block["rows"] if row["kind"] != "group"]
    return pd.DataFrame([[_text(cell) for cell in cells] for cells in rows], columns=titles)


def _text(cell: Any) -> str:
    return cell if isinstance(cell, str) else str(cell["t"])
