"""Several exhibits as one value that a notebook shows one below the other."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import Any

from pbanalysis.errors import PbError

__all__ = ["STYLE", "Shown", "html_of_error", "html_of_exhibit"]

# scoped to what this package shows interactively; reports have their own style sheet. JupyterLab's rules for
# tables in outputs (fixed columns, all text to the right) are more specific, hence !important
STYLE = """<style>
.pb-shown{font-size:14px;line-height:1.6;max-width:1180px}
.pb-shown .pb-picture svg{max-width:100%;height:auto}
.pb-shown figure{margin:0 0 1em}
.pb-shown figcaption{font-weight:600}
.pb-shown .pb-about,.pb-shown .pb-unit,.pb-shown .pb-notes{font-weight:400;font-size:12px;color:#666}
.pb-shown .pb-notes p{margin:.1em 0}
.pb-shown table{border-collapse:collapse;width:100%;table-layout:auto!important;font-variant-numeric:tabular-nums}
.pb-shown caption{text-align:left;font-weight:600;padding:.2em 0;color:inherit}
.pb-shown th,.pb-shown td{padding:3px 8px;border-bottom:1px solid #ddd;text-align:left!important;vertical-align:top}
.pb-shown th.pb-right{white-space:nowrap}.pb-shown .pb-right{text-align:right!important}.pb-shown .pb-center{text-align:center!important}
.pb-shown .pb-group th{background:#f2f2f2}
.pb-shown aside{border-left:3px solid #999;padding:.2em 1em;margin:.5em 0}
.pb-shown .pb-box-title{font-weight:600;margin:.2em 0}
.pb-error{color:#a33;font-weight:600}
.pb-shown .pb-trial{border:2px dashed #d9660d;padding:.4em 1em;margin:.5em 0}
</style>"""


def html_of_exhibit(exhibit: Any) -> str:
    """HTML of a block, or of anything that shows itself."""
    if hasattr(exhibit, "_repr_mimebundle_"):
        return str(exhibit._repr_mimebundle_()["text/html"])
    return str(exhibit._repr_html_())


def html_of_error(error: PbError) -> str:
    """An expected error as a paragraph of a page that lives on."""
    return f'<p class="pb-error" role="alert">✘ {escape(str(error))}</p>'


@dataclass(frozen=True)
class Shown:
    """Exhibits under one title."""

    title: str
    exhibits: tuple[Any, ...]

    def _repr_html_(self) -> str:
        inside = "".join(html_of_exhibit(exhibit) for exhibit in self.exhibits)
        head = f"<h4>{escape(self.title)}</h4>" if self.title else ""
        return f'{STYLE}<div class="pb-shown">{head}{inside}</div>'

    def __repr__(self) -> str:
        parts = [
            e._repr_mimebundle_()["text/plain"] if hasattr(e, "_repr_mimebundle_") else repr(e)
            for e in self.exhibits
        ]
        return "\n\n".join([self.title, *parts])
