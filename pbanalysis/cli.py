"""The verbs: the only place that prints or exits.

Results go to stdout or files, progress and messages to stderr. An expected error is one Chinese
paragraph; an unexpected one is a bug, its details go to a log file whose path is printed.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pbanalysis import interruption
from pbanalysis.errors import Exit, PbError

if TYPE_CHECKING:
    from argparse import Namespace

    from pbanalysis.plan.registry import Indicator

__all__ = ["main", "run"]


def main() -> None:
    """Entry point of ``pbanalysis`` and ``python -m pbanalysis``."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            # a Windows console of another code page must not end in a UnicodeEncodeError
            stream.reconfigure(errors="replace")
    interruption.heed()
    status = run(sys.argv[1:])
    interruption.ignore()
    sys.exit(status)


def run(argv: Sequence[str]) -> int:
    """Run one command and return its exit status."""
    try:
        from pbanalysis.arguments import parse  # here, where Ctrl-C is already answered

        args = parse(argv)
        return int(_VERBS[args.verb](args))
    except (KeyboardInterrupt, Exception) as error:
        return int(_end(error))


def _end(error: BaseException) -> Exit:
    """Say what ended a command; its exit status."""
    if isinstance(error, KeyboardInterrupt) or interruption.heard():
        _say("已中断。已完成的部分有效，再次运行同一命令会接着做。")
        return Exit.INTERRUPTED
    if isinstance(error, PbError):
        _say(f"✘ {error}")
        return error.exit_status
    if isinstance(error, BrokenPipeError):
        return Exit.DONE
    _say(f"✘ 程序出错（{type(error).__name__}），数据未受影响。请把这个文件交给维护人员：{_log(error)}")
    return Exit.ATTENTION


def _log(error: BaseException) -> Path:
    """A log of where it happened."""
    from pbanalysis.traces import trace

    with tempfile.NamedTemporaryFile(
        "w", prefix="pbanalysis-", suffix=".log", delete=False, encoding="utf-8"
    ) as file:
        file.write(trace(error))
        return Path(file.name)


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _answer(args: Namespace, lines: Sequence[str], data: Any) -> None:
    """The result, for a person or (``--json``) for a program."""
    if args.json:
        print(json.dumps(data, ensure_ascii=False, indent=1, default=str))
    else:
        print("\n".join(lines))


def _demo(args: Namespace) -> Exit:
    from pbanalysis.demo import make_demo

    _say(f"正在生成虚构的县（{args.townships} 个乡镇，种子 {args.seed}）……")
    make_demo(args.folder, townships=args.townships, seed=args.seed, workbooks=not args.tables_only)
    _answer(args, [f"已生成：{args.folder}"], {"folder": str(args.folder)})
    return Exit.DONE


def _import(args: Namespace) -> Exit:
    from pbanalysis.ledgers.run import import_sources

    _say("正在读取台账……")
    summary = import_sources(
        args.sources, args.store, units=args.units, as_of=args.as_of, key_file=args.key_file
    )
    _answer(args, summary.lines(), summary.to_dict())
    return Exit(summary.exit_status)


def _template(args: Namespace) -> Exit:
    from pbanalysis.ledgers.template import write_template

    write_template(args.kind, args.output, units=args.units)
    _answer(args, [f"已生成空白台账：{args.output}"], {"file": str(args.output)})
    return Exit.DONE


def _indicators(args: Namespace) -> Exit:
    from dataclasses import asdict

    from pbanalysis.plan.registry import registry

    chosen = [i for i in registry() if args.theme in (None, i.theme)]
    records = [
        asdict(i) | {"measure": i.measure, "clause": i.clause, "target": i.target and float(i.target)}
        for i in chosen
    ]
    _answer(args, [_indicator_line(i) for i in chosen], records)
    return Exit.DONE


def _indicator_line(i: Indicator) -> str:
    target = "无数字要求" if i.target is None else f"{float(i.target):g}"
    if i.kind == "share" and i.target is not None:
        target = f"{float(i.target):.1%}".replace(".0%", "%")
    basis = {"explicit": "", "implied": "（推定）", "none": ""}[i.target_basis]
    level = {"township": "乡镇", "county": "全县", "other": "其他机关"}[i.level]
    due = {"": "随时", "year": "当年12月31日"}.get(i.due, i.due) + ("（推定）" if i.due_inferred else "")
    status = i.background or ("作评价" if i.target is not None else "仅供参考")
    return f"{i.id}　{i.name}　{i.clause}　{i.numerator} / {i.denominator or '（计数）'}　目标 {target}{basis}　{level}　期限 {due}　{status}"


def _evaluate(args: Namespace) -> Exit:
    from pbanalysis.indicators import evaluate
    from pbanalysis.store.county import open_county

    results = evaluate(open_county(args.store, as_of=args.as_of), args.period)
    results.write(args.output)
    counts = results.frame["state"].value_counts().to_dict()
    _answer(
        args,
        [f"已写出 {len(results.frame)} 行：{args.output / 'results.csv'}"],
        {"rows": len(results.frame), "states": counts},
    )
    return Exit.DONE


def _report(args: Namespace) -> Exit:
    from pbanalysis.reports.batch import run as run_batch
    from pbanalysis.reports.batch.progress import Progress

    with Progress(quiet=args.json) as progress:
        result = run_batch(
            args.store,
            args.output,
            period=args.period,
            as_of=args.as_of,
            townships=args.township,
            themes=args.theme,
            formats=args.formats,
            workers=args.workers,
            engine=args.engine,
            scheduler=args.scheduler,
            force=args.force,
            setting={
                "status": args.status,
                "start_page": args.start_page,
                "attachment_no": args.attachment_no,
            },
            statements=args.statements,
            progress=progress,
        )
    _answer(args, result.lines(), result.to_dict())
    return Exit(result.exit_status)


def _why(args: Namespace) -> Exit:
    from pbanalysis.reports.batch.incremental import why

    reasons = why(args.out, args.township, args.theme)
    _answer(args, [str(reason) for reason in reasons], [reason.to_dict() for reason in reasons])
    return Exit.DONE


def _verify(args: Namespace) -> Exit:
    from pbanalysis.reports.check.verify import verify

    if sys.stderr.isatty():  # every report is made anew: a county takes a minute
        print("正在重新生成并核对……", file=sys.stderr, flush=True)
    report = verify(args.path, store=args.store)
    _answer(args, report.lines(), report.to_dict())
    return Exit(report.exit_status)


def _pack(args: Namespace) -> Exit:
    from pbanalysis.reports.check.pack import pack

    packed = pack(args.out, args.output, townships=args.township)
    _answer(
        args,
        [line for package in packed for line in package.lines()],
        {"files": [str(p.path) for p in packed], "not_scanned": [n for p in packed for n in p.not_scanned]},
    )
    return Exit.DONE


def _explore(args: Namespace) -> Exit:
    from pbanalysis.explore.lab import open_lab

    return Exit(open_lab(args.store, port=args.port, browser=not args.no_browser, app=args.app))


_VERBS: Mapping[str, Callable[[Any], Exit]] = {
    "demo": _demo,
    "import": _import,
    "template": _template,
    "indicators": _indicators,
    "evaluate": _evaluate,
    "report": _report,
    "why": _why,
    "verify": _verify,
    "pack": _pack,
    "explore": _explore,
}
