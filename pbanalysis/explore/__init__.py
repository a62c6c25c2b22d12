"""The researcher's view: ``pb.explore(county)``, ``%pb``, what-if. It computes nothing that a report does not.

The package is callable, so that ``pb.explore(county)`` opens the view while ``pbanalysis.explore.view``
stays importable.
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pbanalysis.explore.widgets import Explorer


class _Explore(ModuleType):
    def __call__(self, county: Any = None, **choices: Any) -> Explorer:
        """Open the explorer; parameters as :func:`pbanalysis.explore.widgets.explore`."""
        from pbanalysis.explore.widgets import explore

        return explore(county, **choices)


sys.modules[__name__].__class__ = _Explore
