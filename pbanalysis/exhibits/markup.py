"""A block as HTML and as plain text, for JupyterLab and for the offline report alike.

A function of the block's dictionary (docs/blocks.md) and its picture; no script, everything
escaped, no inline style but column widths. Numbers are ``<data>`` elements that name their fact.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from itertools import groupby
from typing import Any

from pbanalysis.exhibits.style import STATE_MARKS
from pbanalysis.terms import STATES

__all__ = ["html_of", "plain_of"]


def html_of(block: Mapping[str, Any], picture: Mapping[str, str] | None = None) -> str:
    """HTML of a block.

    Parameters
    ----------
    block
        The block's dictionary.
    picture
        MIME type → SVG text or base64 PNG, for a figure. A block read back by
        :func:`~pbanalysis.exhibits.blocks.blocks_of` brings its own.
    """
    if picture is None:
        own = block.get("picture")
        picture = {own["mime"]: own["data"]} if own else {}
    match block["type"]:
        case "heading":
            level = min(max(int(block["level"]), 1), 6)
            return f"<h{level}{_identity(block)}>{escape(block['text'])}</h{level}>"
        case "paragraph":
            return f"<p{_identity(block)}>{_line(block['spans'])}</p>"
        case "list":
            head = f'<p class="pb-list-title">{escape(block["title"])}</p>' if block["title"] else ""
            return head + _list(block, _identity(block))
        case "box":
            head = f'<p class="pb-box-title">{escape(block["title"])}</p>' if block["title"] else ""
            return f"<aside{_identity(block)}>{head}{_list(block, '')}</aside>"
        case "table":
            return _table(block)
        case "figure":
            return _figure(block, picture)
        case other:
            raise ValueError(f"unknown type of block: {other}")


def _identity(block: Mapping[str, Any]) -> str:
    names = f"pb-{block['type']}" + (f" pb-role-{block['role']}" if block["role"] else "")
    name = f' id="{escape(block["id"])}"' if block["id"] else ""
    return f'{name} class="{escape(names)}"'


def _line(spans: Sequence[Any]) -> str:
    return "".join(escape(span) if isinstance(span, str) else _number(span["t"], span["f"]) for span in spans)


def _number(text: str, fact: str, value: object = None) -> str:
    raw = "" if value is None else str(value)
    return f'<data value="{escape(raw)}" data-fact="{escape(fact)}">{escape(text)}</data>'


def _list(block: Mapping[str, Any], identity: str) -> str:
    tag = "ol" if block["ordered"] else "ul"
    return f"<{tag}{identity}>" + "".join(f"<li>{_line(item)}</li>" for item in block["items"]) + f"</{tag}>"


def _table(block: Mapping[str, Any]) -> str:
    columns = block["columns"]
    total = sum(column["width"] for column in columns) or 1
    widths = "".join(f'<col style="width:{100 * column["width"] / total:.3g}%">' for column in columns)
    about = "；".join(filter(None, (f"单位：{block['unit']}", block["n"])))
    caption = f'<caption>{escape(block["title"])}<span class="pb-unit">（{escape(about)}）</span></caption>'
    rows = "".join(_row(row, columns) for row in block["rows"])
    notes = "".join(f"<p>注：{_line(note)}</p>" for note in block["notes"])
    return (
        f"<div{_identity(block)}><table>{caption}<colgroup>{widths}</colgroup>"
        f"<thead>{_head(columns)}</thead><tbody>{rows}</tbody></table>"
        f'<div class="pb-notes">{notes}<p>来源：{escape(block["source"])}</p></div></div>'
    )


def _head(columns: Sequence[Mapping[str, Any]]) -> str:
    """One head row, or two where neighbours share a group."""
    grouped = any(column["group"] for column in columns)
    first, second = "", ""
    for group, members in groupby(columns, key=lambda column: column["group"]):
        cells = [(escape(column["title"]), column["align"]) for column in members]
        if group:
            first += f'<th scope="colgroup" colspan="{len(cells)}" class="pb-center">{escape(group)}</th>'
            second += "".join(f'<th scope="col" class="pb-{align}">{title}</th>' for title, align in cells)
        else:
            tall = ' rowspan="2"' if grouped else ""
            first += "".join(
                f'<th scope="col"{tall} class="pb-{align}">{title}</th>' for title, align in cells
            )
    return f"<tr>{first}</tr>" + (f"<tr>{second}</tr>" if grouped else "")


def _row(row: Mapping[str, Any], columns: Sequence[Mapping[str, Any]]) -> str:
    cells = row["cells"]
    if row["kind"] == "group" and len(cells) == 1:
        inside = _cell(cells[0], f'th scope="rowgroup" colspan="{len(columns)}"', "left")
    else:
        tags = ['th scope="row"', *["td"] * (len(cells) - 1)]
        aligns = [column["align"] for column in columns]
        inside = "".join(map(_cell, cells, tags, aligns))
    return f'<tr class="pb-{row["kind"]}">{inside}</tr>'


def _cell(cell: str | Mapping[str, Any], tag: str, align: str) -> str:
    close = tag.split(maxsplit=1)[0]
    if isinstance(cell, str):
        return f'<{tag} class="pb-{align}">{escape(cell)}</{close}>'
    state = cell["state"]
    names = f"pb-{align}" + (f" pb-state-{state}" if state else "")
    return f'<{tag} class="{escape(names)}">{_mark(cell)}{_cell_text(cell)}</{close}>'


def _cell_text(cell: Mapping[str, Any]) -> str:
    if "spans" in cell:
        return _line(cell["spans"])
    return _number(cell["t"], cell["f"], cell["v"]) if cell["f"] else escape(cell["t"])


def _mark(cell: Mapping[str, Any]) -> str:
    """The state's mark, where the cell's text is the state's name: shape and text, not colour."""
    state = cell["state"]
    if STATES.get(state) != cell["t"]:
        return ""
    return f'<span class="pb-mark" aria-hidden="true">{STATE_MARKS[state]}</span> '


def _figure(block: Mapping[str, Any], picture: Mapping[str, str]) -> str:
    if "image/svg+xml" in picture:  # the drawing itself carries role="img" and the alt text
        inside = picture["image/svg+xml"]
    else:
        data = picture.get("image/png", "").replace("\n", "")
        inside = f'<img alt="{escape(block["alt"])}" src="data:image/png;base64,{data}">'
    about = "；".join((f"单位：{block['unit']}", block["n"], f"来源：{block['source']}"))
    return (
        f'<figure{_identity(block)}><div class="pb-picture">{inside}</div>'
        f'<figcaption>{escape(block["title"])}<span class="pb-about">（{escape(about)}）</span>'
        f"</figcaption></figure>"
    )


def plain_of(block: Mapping[str, Any]) -> str:
    """Plain text of a block, for a terminal or a log of the notebook."""
    match block["type"]:
        case "heading":
            return f"{'#' * int(block['level'])} {block['text']}"
        case "paragraph":
            return _plain_line(block["spans"])
        case "list" | "box":
            marks = (f"{k}. " if block["ordered"] else "- " for k in range(1, len(block["items"]) + 1))
            items = [mark + _plain_line(item) for mark, item in zip(marks, block["items"])]
            return "\n".join(filter(None, (block["title"], *items)))
        case "table":
            return _plain_table(block)
        case "figure":
            return f"[图] {block['title']}\n{block['alt']}\n单位：{block['unit']}；{block['n']}；来源：{block['source']}"
        case other:
            raise ValueError(f"unknown type of block: {other}")


def _plain_line(spans: Sequence[Any]) -> str:
    return "".join(span if isinstance(span, str) else span["t"] for span in spans)


def _plain_table(block: Mapping[str, Any]) -> str:
    rows = [[column["title"] for column in block["columns"]]]
    rows += [[cell if isinstance(cell, str) else cell["t"] for cell in row["cells"]] for row in block["rows"]]
    body = "\n".join(" | ".join(row) for row in rows)
    notes = "".join(f"\n注：{_plain_line(note)}" for note in block["notes"])
    return f"{block['title']}（单位：{block['unit']}）\n{body}{notes}\n来源：{block['source']}"
