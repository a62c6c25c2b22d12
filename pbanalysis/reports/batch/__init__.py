"""All reports of a county in one run: what must be made, who makes it, what it was made of."""

from pbanalysis.reports.batch.main import BatchResult, run

__all__ = ["BatchResult", "run"]
