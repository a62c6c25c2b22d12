"""The closed set of expected errors: where, what, got (never a personal value), how to fix.

An expected error is one Chinese paragraph. A traceback is a bug.
"""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from enum import Enum, IntEnum
from typing import Any

__all__ = ["Code", "Exit", "PbError", "near_names"]

_FEW, _SOME = 20, 8  # names that are all listed, and those listed of more


class Exit(IntEnum):
    """Exit status of the command line (contract/cli.md)."""

    DONE = 0
    ATTENTION = 1
    WRONG_USE = 2
    REFUSED = 3
    GATE = 4
    INTERRUPTED = 130


class Code(Enum):
    """Error codes: (identifier, exit status)."""

    UNKNOWN_TOWNSHIP = ("unknown_township", Exit.WRONG_USE)
    UNKNOWN_PERIOD = ("unknown_period", Exit.WRONG_USE)
    UNKNOWN_PARAMETER = ("unknown_parameter", Exit.WRONG_USE)
    UNKNOWN_NAME = ("unknown_name", Exit.WRONG_USE)
    STORE_MISSING = ("store_missing", Exit.REFUSED)
    STORE_BROKEN = ("store_broken", Exit.REFUSED)
    INPUT_REFUSED = ("input_refused", Exit.REFUSED)
    KEY_MISSING = ("key_missing", Exit.REFUSED)
    OUTPUT_BUSY = ("output_busy", Exit.WRONG_USE)
    OUTPUT_FAILED = ("output_failed", Exit.REFUSED)
    ENGINE_MISSING = ("engine_missing", Exit.ATTENTION)
    NOTEBOOK_FAILED = ("notebook_failed", Exit.ATTENTION)
    IMPORT_UNBALANCED = ("import_unbalanced", Exit.REFUSED)
    PRIVACY_GATE = ("privacy_gate", Exit.GATE)
    POLICY_GATE = ("policy_gate", Exit.GATE)

    @property
    def exit_status(self) -> Exit:
        """Exit status that belongs to the code."""
        return self.value[1]


class PbError(Exception):
    """An expected error, shown to the user as one Chinese paragraph.

    Parameters
    ----------
    code
        One of :class:`Code`; decides the exit status.
    what
        What is wrong, a Chinese clause without a full stop.
    where
        File, sheet, row, township or parameter it concerns.
    got
        What was found instead; **never a personal value**.
    fix
        What the user can do about it.

    Examples
    --------
    >>> print(PbError(Code.UNKNOWN_PERIOD, "期间写法不认识", where="--period", got="2023Q5", fix="请写 2023、2023H1 或 2023H2"))
    --period：期间写法不认识（实际为“2023Q5”）。请写 2023、2023H1 或 2023H2。
    """

    def __init__(self, code: Code, what: str, *, where: str = "", got: str = "", fix: str = "") -> None:
        super().__init__(code, what, where, got, fix)
        self.code, self.what, self.where, self.got, self.fix = code, what, where, got, fix

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild, (self.code, self.what, self.where, self.got, self.fix)

    def __str__(self) -> str:
        head = f"{self.where}：{self.what}" if self.where else self.what
        got = f"（实际为“{self.got}”）" if self.got else ""
        fix = self.fix if not self.fix or self.fix.endswith(("。", "？")) else f"{self.fix}。"
        return f"{head}{got}。{fix}"

    def _render_traceback_(self) -> list[str]:
        """What a notebook shows instead of a traceback: the one paragraph."""
        return [f"✘ {self}"]

    @property
    def exit_status(self) -> Exit:
        """Exit status of the command that met this error."""
        return self.code.exit_status


def _rebuild(code: Code, what: str, where: str, got: str, fix: str) -> PbError:
    return PbError(code, what, where=where, got=got, fix=fix)


def near_names(name: str, names: Iterable[str], *, most: int = 3) -> str:
    """Suggestion clause naming the nearest of ``names``: they are suggested, never taken.

    Where none is near, all are named if they are few; codes, which say nothing to a reader, only where
    there is nothing else.

    >>> near_names("云太镇", ["云台镇", "松溪镇", "629902100"])
    '是不是：云台镇？'
    >>> near_names("xyz", ["云台镇", "松溪镇", "629902100"])
    '可选：云台镇、松溪镇'
    """
    names = list(dict.fromkeys(names))
    near = get_close_matches(name, names, n=most, cutoff=0.4)
    if near:
        return "是不是：" + "、".join(near) + "？"
    told = [known for known in names if not known.isdigit()] or names
    if len(told) <= _FEW:
        return f"可选：{'、'.join(told)}" if told else ""
    return f"可选：{'、'.join(told[:_SOME])} 等 {len(told)} 个"
