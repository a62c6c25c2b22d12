"""The command line's grammar: verbs, options, and every message in Chinese."""

from __future__ import annotations

import argparse
import datetime as dt
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import contextmanager
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from pbanalysis import __version__
from pbanalysis.calendar import Period, as_date
from pbanalysis.errors import Code, PbError, near_names
from pbanalysis.terms import LEDGER_KINDS, THEMES

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["FORMATS", "parse"]

FORMATS = ("html", "pdf", "docx", "xlsx")
_THEMES = {key: name for key, name in THEMES.items() if key != "supporting"}

_STATUS = {"draft": "草稿", "checking": "核实稿", "final": "定稿"}

# argparse's own English, by its gettext keys (Python 3.11 to 3.14)
_CHINESE = {
    "usage: ": "用法：",
    "options": "参数",
    "positional arguments": "对象",
    "show this help message and exit": "显示本说明",
    "show program's version number and exit": "显示版本号",
    "the following arguments are required: %s": "缺少：%s",
    "unrecognized arguments: %s": "不认识的参数：%s",
    "expected one argument": "后面要跟一个值",
    "expected at least one argument": "后面至少要跟一个值",
    "invalid %(type)s value: %(value)r": "不能是 %(value)r",
    "invalid choice: %(value)r (choose from %(choices)s)": "不能是 %(value)r，可选：%(choices)s",
    "argument %(argument_name)s: %(message)s": "%(argument_name)s：%(message)s",
    "ignored explicit argument %r": "不带值，多出 %r",
}


class _Parser(argparse.ArgumentParser):
    """An argument parser whose errors are one Chinese sentence and exit status 2."""

    def error(self, message: str) -> NoReturn:
        raise PbError(Code.UNKNOWN_PARAMETER, message, where=self.prog, fix=f"用 {self.prog} --help 查看写法")


def parse(argv: Sequence[str]) -> argparse.Namespace:
    """Arguments of one command; a :class:`PbError` for wrong use, with the near names suggested."""
    with _in_chinese():
        parser, verbs = _grammar()
        if argv and not argv[0].startswith("-") and argv[0] not in verbs:
            raise PbError(
                Code.UNKNOWN_PARAMETER,
                "没有这个动作",
                where="pbanalysis",
                got=argv[0],
                fix=near_names(argv[0], verbs),
            )
        args, extra = parser.parse_known_args(argv)
    if extra:
        options = [option for action in args.parser._actions for option in action.option_strings]
        unknown = extra[0].split("=")[0]
        fix = (
            near_names(unknown, options)
            if unknown.startswith("-")
            else f"用 {args.parser.prog} --help 查看写法"
        )
        raise PbError(Code.UNKNOWN_PARAMETER, "没有这个参数", where=args.parser.prog, got=unknown, fix=fix)
    return args


@contextmanager
def _in_chinese() -> Iterator[None]:
    module: Any = argparse
    before = module._, module.ngettext
    module._ = lambda text: _CHINESE.get(text, text)
    module.ngettext = lambda one, many, n: _CHINESE.get(one, _CHINESE.get(many, one))
    try:
        yield
    finally:
        module._, module.ngettext = before


def _grammar() -> tuple[_Parser, Collection[str]]:
    parser = _Parser(
        prog="pbanalysis",
        description="基层党建“找差距、补短板、夯基础、促提升”行动：台账导入、评估和报告。",
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=__version__, help="显示版本号")
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="动作", title="动作")
    for add in (_demo, _import, _template, _indicators, _evaluate, _report, _why, _verify, _pack, _explore):
        add(lambda name, text: _verb(verbs, name, text))
    return parser, verbs.choices


_Add = Callable[[str, str], _Parser]


def _verb(verbs: Any, name: str, text: str) -> _Parser:
    parser: _Parser = verbs.add_parser(name, help=text, description=text, allow_abbrev=False)
    parser.set_defaults(parser=parser)
    parser.add_argument("--json", action="store_true", help="结果写成程序可读的 JSON")
    return parser


def _demo(add: _Add) -> None:
    parser = add("demo", "生成一个虚构的县：乡镇报来的台账，以及对应的标准表")
    parser.add_argument("folder", type=Path, metavar="文件夹")
    parser.add_argument("--townships", type=_positive, default=14, metavar="N", help="乡镇个数（默认 14）")
    parser.add_argument(
        "--seed",
        type=int,
        default=2023,
        metavar="S",
        help="随机种子，同一种子生成的文件逐字节相同（默认 2023）",
    )
    parser.add_argument("--tables-only", action="store_true", help="只生成标准表，不生成工作簿")


def _import(add: _Add) -> None:
    parser = add("import", "把台账工作簿或标准 CSV 导入数据仓，列出退回和待核实的内容")
    parser.add_argument("sources", nargs="+", type=Path, metavar="来源", help="文件或文件夹")
    parser.add_argument("--store", type=Path, required=True, metavar="数据仓")
    parser.add_argument("--units", type=Path, metavar="文件", help="乡镇和村名册 units.json")
    parser.add_argument("--as-of", type=_day, metavar="日期", help="数据截止日，如 2023-12-31")
    parser.add_argument(
        "--key-file",
        type=Path,
        metavar="文件",
        help="化名密钥；没有则新建（仅本人可读），不要放进数据仓或报告目录",
    )


def _template(add: _Add) -> None:
    parser = add("template", "生成发给乡镇的空白台账，带下拉选项")
    parser.add_argument(
        "kind", type=_one_of({k: v for k, v in LEDGER_KINDS.items() if k != "unknown"}), metavar="台账种类"
    )
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="文件")
    parser.add_argument("--units", type=Path, metavar="文件", help="乡镇和村名册 units.json，用作下拉选项")


def _indicators(add: _Add) -> None:
    parser = add("indicators", "列出全部指标：名称、条款、公式、目标、层级、期限")
    parser.add_argument("--theme", type=_one_of(THEMES), metavar="专题")


def _evaluate(add: _Add) -> None:
    parser = add("evaluate", "计算全部指标，写出 results.csv 和 results.parquet（未作隐去，仅供县级办公室）")
    _store_period(parser)
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="文件夹")


def _report(add: _Add) -> None:
    parser = add("report", "生成全部乡镇的报告、全县一览和目录页")
    _store_period(parser)
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="文件夹")
    parser.add_argument("--township", action="append", metavar="乡镇", help="代码或名称，可多次；默认全部")
    parser.add_argument(
        "--theme",
        action="append",
        type=_one_of(_THEMES),
        metavar="专题",
        help="study|development|rectification，可多次；默认全部",
    )
    parser.add_argument(
        "--formats",
        type=_formats,
        default=("html",),
        metavar="格式",
        help="html,pdf,docx,xlsx 中的几种（默认 html）",
    )
    parser.add_argument(
        "--workers", type=_positive, default=None, metavar="N", help="并行个数（默认比处理器个数多八分之一）"
    )
    parser.add_argument(
        "--engine",
        type=_one_of({"warm": "", "papermill": ""}),
        default="warm",
        metavar="引擎",
        help="warm（默认）或 papermill",
    )
    parser.add_argument("--scheduler", metavar="地址", help="已有 Dask 集群的地址，如 tcp://10.0.0.1:8786")
    parser.add_argument("--force", action="store_true", help="内容未变的也重做")
    parser.add_argument(
        "--status",
        type=_one_of(_STATUS),
        default="draft",
        metavar="稿别",
        help="draft 草稿（默认，带水印）| checking 核实稿 | final 定稿",
    )
    parser.add_argument(
        "--start-page", type=_positive, default=1, metavar="页码", help="附件首页的页码（默认 1）"
    )
    parser.add_argument("--attachment-no", type=_positive, default=1, metavar="N", help="附件编号（默认 1）")
    parser.add_argument(
        "--statements",
        type=Path,
        metavar="文件夹或表",
        help="乡镇说明，照录在附件首页：每个乡镇一个文本文件（以代码或名称命名）的文件夹，"
        "或含“乡镇”“说明”两列的工作簿或 CSV",
    )


def _why(add: _Add) -> None:
    parser = add("why", "说明上次运行中每份报告为什么重做或跳过")
    parser.add_argument("out", type=Path, metavar="报告目录")
    parser.add_argument("township", nargs="?", metavar="乡镇")
    parser.add_argument("theme", nargs="?", type=_one_of(_THEMES), metavar="专题")


def _verify(add: _Add) -> None:
    parser = add("verify", "重新计算并核对：报告与数据、程序及自身是否一致（不联网）")
    parser.add_argument("path", type=Path, metavar="文件或报告目录")
    parser.add_argument("--store", type=Path, metavar="数据仓", help="默认用报告目录里记录的数据仓")


def _pack(add: _Add) -> None:
    parser = add("pack", "打包成述职评议考核附件（zip，可放入 U 盘）")
    parser.add_argument("out", type=Path, metavar="报告目录")
    parser.add_argument("--township", action="append", metavar="乡镇", help="只打包这些乡镇；默认全县一个包")
    parser.add_argument("-o", "--output", type=Path, metavar="文件夹", help="默认放在报告目录旁")


def _explore(add: _Add) -> None:
    parser = add("explore", "打开 JupyterLab 起始页，数据已就绪")
    parser.add_argument("store", type=Path, metavar="数据仓")
    parser.add_argument(
        "--app", action="store_true", help="只打开探索页面，不显示代码（需安装 pbanalysis[app]）"
    )
    parser.add_argument("--no-browser", action="store_true", help="不自动打开浏览器")
    parser.add_argument("--port", type=_positive, default=8888, metavar="端口")


def _store_period(parser: _Parser) -> None:
    parser.add_argument("store", type=Path, metavar="数据仓")
    parser.add_argument(
        "--period", type=_period, required=True, metavar="期间", help="2023、2023H1 或 2023H2"
    )
    parser.add_argument("--as-of", type=_day, required=True, metavar="日期", help="截止日，如 2023-12-31")


def _refused(error: PbError) -> argparse.ArgumentTypeError:
    return argparse.ArgumentTypeError(str(error).rstrip("。"))


def _period(text: str) -> Period:
    try:
        return Period.parse(text)
    except PbError as error:
        raise _refused(PbError(error.code, error.what, got=text, fix=error.fix)) from None


def _day(text: str) -> dt.date:
    try:
        return as_date(text)
    except PbError as error:
        raise _refused(PbError(error.code, error.what, got=text, fix=error.fix)) from None


def _positive(text: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"要写正整数（实际为“{text}”）")
    return int(text)


def _one_of(names: Mapping[str, str]) -> Callable[[str], str]:
    """Accepts a key or its Chinese name of a closed set."""
    by_name = {name: key for key, name in names.items() if name}

    def read(text: str) -> str:
        if text in names:
            return text
        if text in by_name:
            return by_name[text]
        near = get_close_matches(text, [*names, *by_name], n=1, cutoff=0.4)
        choices = "、".join(f"{key}（{name}）" if name else key for key, name in names.items())
        raise argparse.ArgumentTypeError(
            f"没有“{text}”。{f'是不是：{near[0]}？' if near else ''}可选：{choices}"
        )

    return read


def _formats(text: str) -> tuple[str, ...]:
    read = _one_of(dict.fromkeys(FORMATS, ""))
    return tuple(dict.fromkeys(read(part.strip()) for part in text.split(",")))
