"""Figures from plain arrays and labels; they know nothing of the store or of themes."""
