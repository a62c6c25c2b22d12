"""What a worker needs in memory, imported and done once before workers are forked from it."""

from __future__ import annotations

import sys
from typing import Any

# jsonschema, if it finds this package, compiles a grammar of web addresses: a second of CPU for a format
# that no notebook's schema has
_GRAMMAR = "rfc3987_syntax"
_modules: dict[str, Any] = sys.modules
_modules.setdefault(_GRAMMAR, None)

import jupyter_client.kernelspec  # noqa: E402
import jupyter_client.localinterfaces  # noqa: E402
import nbformat  # noqa: E402
import papermill  # noqa: E402, F401

from pbanalysis.plan.registry import registry  # noqa: E402
from pbanalysis.plan.rules import rules  # noqa: E402
from pbanalysis.reports.documents import attachments  # noqa: E402, F401
from pbanalysis.reports.documents.html import render_html  # noqa: E402
from pbanalysis.reports.kernel import execute, warm_kernel  # noqa: E402, F401

if _modules[_GRAMMAR] is None:
    del _modules[_GRAMMAR]  # whoever else asks for it shall find it


def _rehearse() -> None:
    """Once for all workers: compiled templates and schema, what kernels there are, this machine's addresses."""
    registry(), rules()
    new: Any = nbformat.v4
    render_html(new.new_notebook(cells=[new.new_markdown_cell("## 标题\n\n正文")]), title="")
    untyped: Any = jupyter_client
    untyped.kernelspec.find_kernel_specs()
    untyped.localinterfaces.localhost()


_rehearse()
