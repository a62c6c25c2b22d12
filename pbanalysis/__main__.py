"""``python -m pbanalysis``."""

from pbanalysis.cli import main

main()
