"""Canonical tables: declared once, stored as Parquet, viewed as County and Township."""
