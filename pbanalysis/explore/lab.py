"""JupyterLab on the start notebook: data loaded, nothing to configure, nothing asked of the network."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from pbanalysis.errors import Exit
from pbanalysis.store.county import open_county

__all__ = ["lab_command", "open_lab"]


def lab_command(folder: Path, *, port: int, browser: bool) -> list[str]:
    """The command that opens ``start.ipynb`` of ``folder`` on 127.0.0.1, without news or update look-ups."""
    options = {
        "ServerApp.ip": "127.0.0.1",
        "ServerApp.port": port,
        "ServerApp.root_dir": folder,
        "ServerApp.open_browser": browser,
        "LabApp.default_url": "/lab/tree/start.ipynb",
        "LabApp.news_url": "None",
        "LabApp.check_for_updates_class": "jupyterlab.NeverCheckForUpdate",
        "LabApp.extension_manager": "readonly",
    }
    return [sys.executable, "-m", "jupyterlab", *(f"--{name}={value}" for name, value in options.items())]


def open_lab(store: Path, *, port: int = 8888, browser: bool = True) -> Exit:
    """Open JupyterLab with ``store`` as the notebooks' default store; returns when the server stops.

    Raises
    ------
    PbError
        The store is missing, broken or of another version: said before a server starts.
    """
    from pbanalysis.reports.templates import notebooks_folder

    open_county(store)
    environment = os.environ | {"PBANALYSIS_STORE": str(Path(store).resolve())}
    stopped = subprocess.run(
        lab_command(notebooks_folder(), port=port, browser=browser), env=environment, check=False
    )
    return Exit.DONE if stopped.returncode == 0 else Exit.ATTENTION
