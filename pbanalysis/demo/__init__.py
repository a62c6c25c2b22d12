"""A fictional county of any size, as filed and as tables."""

from __future__ import annotations

from pbanalysis.demo.county import demo_tables, make_demo

__all__ = ["demo_tables", "make_demo"]
