"""Wrong use is answered before anything starts, in Chinese, with exit status 2."""

from __future__ import annotations

import contextlib
import io

import pytest

from pbanalysis.arguments import parse
from pbanalysis.errors import PbError

REPORT = "report s --period 2023 --as-of 2023-12-31 -o out"


@pytest.mark.parametrize(
    ("line", "hint"),
    [
        ("repot x", "report"),
        ("report s", "--period"),
        ("report s --period 2023Q1 --as-of 2023-12-31 -o out", "2023H1"),
        ("report s --period 2023 --as-of 31.12.2023 -o out", "2023-12-31"),
        ("report s --period 2023 --as-of 2023-02-30 -o out", "2023-12-31"),
        (f"{REPORT} --perod 3", "--period"),
        (f"{REPORT} --formats html,pfd", "pdf"),
        (f"{REPORT} --theme stduy", "study"),
        (f"{REPORT} --workers 0", "正整数"),
        (f"{REPORT} --engine wram", "warm"),
        (f"{REPORT} extra", "--help"),
        ("template metings -o x.xlsx", "meetings"),
        ("why out 城关镇 发展", "发展党员"),
        ("import --store s", "来源"),
        ("", "动作"),
    ],
)
def test_wrong_use_is_refused_with_a_hint(line: str, hint: str):
    """A misspelt verb, parameter or value is refused and what was meant is suggested."""
    with pytest.raises(PbError) as caught:
        parse(line.split())
    assert caught.value.exit_status == 2
    assert hint in str(caught.value)


@pytest.mark.parametrize(
    "line", ["repot x", "report", f"{REPORT} --formats", f"{REPORT} --workers x", f"{REPORT} --force=1", ""]
)
def test_messages_have_no_english_sentence(line: str):
    """No message of the argument parser is left in English."""
    with pytest.raises(PbError) as caught:
        parse(line.split())
    words = str(caught.value)
    assert not any(
        w in words for w in ("argument", "required", "invalid", "choose", "expected", "unrecognized", "usage")
    )


def test_abbreviations_are_not_taken():
    """A shortened parameter is not guessed at."""
    with pytest.raises(PbError):
        parse(["report", "s", "--peri", "2023", "--as-of", "2023-12-31", "-o", "out"])


def test_codes_stay_text():
    """A township code keeps its leading zero, and Chinese names of themes are understood."""
    args = parse(
        [
            *REPORT.split(),
            "--township",
            "062012",
            "--theme",
            "学习质量",
            "--theme",
            "rectification",
            "--formats",
            "html,pdf,html",
        ]
    )
    assert args.township == ["062012"]
    assert args.theme == ["study", "rectification"]
    assert args.formats == ("html", "pdf")


@pytest.mark.parametrize(
    "verb",
    [
        "",
        "demo",
        "import",
        "template",
        "indicators",
        "evaluate",
        "report",
        "why",
        "verify",
        "pack",
        "explore",
    ],
)
def test_every_verb_has_help_in_chinese(verb: str):
    """``--help`` stands everywhere and has no English heading."""
    out = io.StringIO()
    with contextlib.redirect_stdout(out), pytest.raises(SystemExit) as caught:
        parse([*verb.split(), "--help"])
    assert caught.value.code == 0
    assert "用法：" in out.getvalue()
    assert not any(w in out.getvalue() for w in ("options:", "positional", "show this", "usage"))
