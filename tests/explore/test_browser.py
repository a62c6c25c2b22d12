"""In a real browser: JupyterLab on the start notebook, and the explorer as an app. Nothing leaves the machine."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest

from pbanalysis.explore.lab import app_command, lab_command, lab_settings

from .conftest import free_port, serving

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.xdist_group("browser")]


def run_all(page) -> None:
    """Run all cells; asked again where JupyterLab dropped the request because its kernel was just connecting."""
    for _ in range(6):
        page.get_by_role("menuitem", name="Run", exact=True).first.click()
        page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
        page.wait_for_timeout(4000)
        if re.search(r"\[(\*|\d+)\]", "".join(page.locator(".jp-InputPrompt").all_inner_texts())):
            return
    pytest.fail("JupyterLab ran no cell")


def found(page, selector: str):
    """An output of the notebook, scrolled to: JupyterLab renders only what is near the window.

    Several passes, because on a busy machine the cells are still running while the first one scrolls by.
    """
    wanted = page.locator(selector)
    for top in [*range(0, 20_000, 600)] * 12:
        if wanted.count():
            break
        page.locator(".jp-WindowedPanel-outer").first.evaluate("(panel, top) => panel.scrollTo(0, top)", top)
        page.wait_for_timeout(300)
    wanted.first.scroll_into_view_if_needed()
    return wanted


def opened_and_run(page, url: str):
    """The explorer of the start notebook, all cells run; opened again where a busy machine lost the request."""
    from playwright.sync_api import TimeoutError as TooLate

    for _ in range(2):
        page.goto(url)
        page.wait_for_selector('.jp-Notebook-ExecutionIndicator[data-status="idle"]', timeout=90_000)
        try:
            run_all(page)
            return found(page, ".pb-explorer")
        except TooLate:
            continue
    page.goto(url)
    page.wait_for_selector('.jp-Notebook-ExecutionIndicator[data-status="idle"]', timeout=90_000)
    run_all(page)
    return found(page, ".pb-explorer")


def use_the_explorer(page, explorer) -> None:
    """Move a control, see the figure change, write the code, open the tables."""
    before = explorer.locator(".pb-picture svg").first.get_attribute("aria-label")
    explorer.locator("select").first.select_option(index=2)
    page.wait_for_function(
        "before => document.querySelector('.pb-explorer .pb-picture svg').getAttribute('aria-label') !== before",
        arg=before,
        timeout=20_000,
    )
    explorer.get_by_text("来源明细", exact=True).click()
    explorer.locator("table.dataTable").first.wait_for(timeout=30_000)
    explorer.get_by_role("button", name="生成代码").click()
    code = explorer.locator("textarea")
    code.wait_for(timeout=20_000)
    page.wait_for_function(
        "() => document.querySelector('.pb-explorer textarea').value.includes('pb.view(county')",
        timeout=20_000,
    )
    name = explorer.locator("select").first.evaluate("select => select.selectedOptions[0].text")
    assert f'township="{name}"' in code.input_value()


def run_the_written_cell(page) -> None:
    """「生成代码」 has put a cell below the explorer; run as it stands it shows the same view."""
    cells = page.locator(".jp-CodeCell", has=page.locator(".jp-InputArea-editor", has_text="pb.view(county"))
    cells.first.wait_for(timeout=20_000)
    assert cells.count() == 1
    assert "jp-mod-active" in cells.first.get_attribute("class")
    page.keyboard.press("Control+Enter")
    cells.first.locator(".jp-OutputArea .pb-shown svg").first.wait_for(timeout=30_000)


def test_jupyterlab_opens_ready_and_the_explorer_answers(
    program, watched, notebooks: Path, store: Path, tmp_path: Path
):
    """The start notebook runs to its end; controls move figures; no console error, no outside request, no pop-up."""
    program("chromium")
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    page = watched.page
    with serving(
        lab_command(notebooks, port=port, browser=False), f"{url}/api", store, tmp_path, lab_settings()
    ):
        page.set_default_timeout(60_000)
        explorer = opened_and_run(page, f"{url}/lab/tree/start.ipynb?token=test")
        use_the_explorer(page, explorer)
        page.screenshot(path=tmp_path / "explorer.png")
        run_the_written_cell(page)
        page.screenshot(path=tmp_path / "cell.png")
        found(page, ".pb-desk").get_by_role("button", name="整改成效").click()
        page.locator(".pb-desk .pb-role-scorecard").wait_for(timeout=30_000)
        page.keyboard.press("Control+s")
        page.wait_for_timeout(2000)
        assert page.locator(".Toastify__toast").count() == 0
    saved = json.loads((notebooks / "start.ipynb").read_text(encoding="utf-8"))
    ran = [c for c in saved["cells"] if c["cell_type"] == "code"]
    assert sum("pb.view(county" in "".join(c["source"]) for c in ran) == 1
    assert all(c["execution_count"] for c in ran)
    assert not [o for c in ran for o in c["outputs"] if o["output_type"] == "error"]
    assert watched.outside == []
    assert watched.errors == []
    kept(page, tmp_path)


def test_the_explorer_is_an_app_without_code(program, watched, notebooks: Path, store: Path, tmp_path: Path):
    """Under Voilà the same view answers on 127.0.0.1, shows no code, and asks nothing of other hosts."""
    program("chromium")
    pytest.importorskip("voila")
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    page = watched.page
    with serving(
        app_command(notebooks, port=port, browser=False), f"{url}/static/", store, tmp_path, lab_settings()
    ):
        page.goto(url)
        explorer = page.locator(".pb-explorer")
        explorer.first.wait_for(timeout=240_000)
        assert "open_county" not in page.locator("body").inner_text()
        use_the_explorer(page, explorer)
        page.screenshot(path=tmp_path / "app.png", full_page=True)
    assert watched.outside == []
    assert watched.errors == []
    kept(page, tmp_path)


def kept(page, folder: Path) -> None:
    """Leave the screenshots where somebody looks at them, if a place is named."""
    import os

    if place := os.environ.get("PBANALYSIS_SCREENSHOTS"):
        Path(place).mkdir(parents=True, exist_ok=True)
        for path in folder.glob("*.png"):
            shutil.copy(path, place)
