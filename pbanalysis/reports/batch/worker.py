"""What a worker needs in memory, imported once before workers are forked from it."""

from __future__ import annotations

import papermill  # noqa: F401
from nbconvert.exporters import html as _html  # noqa: F401

from pbanalysis.reports.kernel import (
    warm_kernel,  # noqa: F401
)
