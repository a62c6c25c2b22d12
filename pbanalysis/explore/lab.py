"""JupyterLab on the start notebook: data loaded, nothing to configure, nothing asked of the network."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from pbanalysis.errors import Code, Exit, PbError
from pbanalysis.store.county import open_county

__all__ = ["app_command", "lab_command", "lab_settings", "open_lab", "working_folder"]


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
        # 「生成代码」 asks the application in the page for a new cell
        "LabApp.expose_app_in_browser": True,
    }
    # a container runs as root, and Jupyter refuses that unless it is told; it listens on this machine alone
    root = ["--allow-root"] if getattr(os, "geteuid", lambda: 1)() == 0 else []
    return [
        sys.executable,
        "-m",
        "jupyterlab",
        *root,
        *(f"--{name}={value}" for name, value in options.items()),
    ]


def lab_settings() -> dict[str, str]:
    """Environment in which neither server asks a question of its own or names another host.

    The user's own settings stay in force.
    """
    own = str(Path(__file__).with_name("jupyter"))
    paths = {name: [own, os.environ.get(name, "")] for name in ("JUPYTER_CONFIG_PATH", "JUPYTER_PATH")}
    return {name: os.pathsep.join(filter(None, folders)) for name, folders in paths.items()}


def app_command(folder: Path, *, port: int, browser: bool) -> list[str]:
    """The command that serves ``explore.ipynb`` of ``folder`` without code, on 127.0.0.1 (optional extra ``app``).

    Raises
    ------
    PbError
        Voilà is not installed.
    """
    from importlib.util import find_spec

    if find_spec("voila") is None:
        raise PbError(
            Code.ENGINE_MISSING,
            "没有安装浏览器应用的组件",
            where="voila",
            fix="请安装 pbanalysis[app]，或用 JupyterLab 打开",
        )
    options = {
        "Voila.ip": "127.0.0.1",
        "Voila.open_browser": browser,
        "VoilaConfiguration.file_allowlist": "[]",
        "VoilaConfiguration.show_tracebacks": False,
        "VoilaConfiguration.template": "pbanalysis",
    }
    command = [sys.executable, "-m", "voila", str(folder / "explore.ipynb"), f"--port={port}"]
    return [*command, *(f"--{name}={value}" for name, value in options.items())]


def working_folder(store: Path) -> Path:
    """Where the notebooks are worked on: the checkout's own, else a copy beside the store.

    What is installed is never written to; a notebook that was changed in the copy stays as it is.
    """
    from pbanalysis.reports.batch.tools import templates

    shipped = templates()
    if (shipped.parent / "pyproject.toml").exists():
        return shipped
    folder = Path(store).resolve().parent / "notebooks"
    try:
        folder.mkdir(exist_ok=True)
        for notebook in shipped.glob("*.ipynb"):
            if not (folder / notebook.name).exists():
                shutil.copyfile(notebook, folder / notebook.name)
    except OSError as error:
        raise PbError(
            Code.OUTPUT_FAILED,
            "笔记本复制不出来",
            where=folder.name,
            got=error.strerror or "",
            fix="请把数据仓放到可以写入的文件夹里",
        ) from error
    return folder


def open_lab(store: Path, *, port: int = 8888, browser: bool = True, app: bool = False) -> Exit:
    """Open JupyterLab with ``store`` as the notebooks' default store; returns when the server stops.

    ``app`` serves the explorer alone, without code.

    Raises
    ------
    PbError
        The store is missing, broken or of another version: said before a server starts.
    """
    open_county(store).townships  # noqa: B018 - a store without its registry is refused here, not in the browser
    folder = working_folder(store)
    command = (app_command if app else lab_command)(folder, port=port, browser=browser)
    environment = os.environ | lab_settings() | {"PBANALYSIS_STORE": str(Path(store).resolve())}
    stopped = subprocess.run(command, env=environment, check=False)
    return Exit.DONE if stopped.returncode == 0 else Exit.ATTENTION
