"""papermill's engine ``warm``: papermill and nbclient as they are, on a kernel forked warm.

papermill imports this module through its entry point while it is itself being imported; the class is
therefore made when it is asked for, and nothing of papermill is imported at the top.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, Any

from pbanalysis.reports.kernel.jobs import Limits

if TYPE_CHECKING:
    WarmEngine: Any

__all__ = ["NEVER_STARTED", "WarmEngine"]

NEVER_STARTED = (
    "KernelNeverStarted"  # the error's name when no cell has been sent: such a report may be retried
)


def __getattr__(name: str) -> Any:
    if name == "WarmEngine":
        import papermill.engines  # noqa: F401  (first, for it comes back here)

        return _engine()
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


@cache
def _engine() -> Any:
    import nbformat
    from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
    from papermill.clientwrap import PapermillNotebookClient
    from papermill.engines import NBClientEngine
    from papermill.log import logger

    class Client(PapermillNotebookClient):  # type: ignore[misc]
        """papermill's client, truthful about a kernel that died or was timed out."""

        def papermill_execute_cells(self) -> None:
            for index, cell in enumerate(self.nb.cells):
                try:
                    self.nb_man.cell_start(cell, index)
                    self.execute_cell(cell, index)
                except CellExecutionError as error:
                    self.nb_man.cell_exception(self.nb.cells[index], cell_index=index, exception=error)
                    break
                except (DeadKernelError, CellTimeoutError) as error:
                    self.shutdown_kernel = "immediate"
                    self.fail(index, type(error).__name__, error)
                    raise
                finally:
                    self.nb_man.cell_complete(self.nb.cells[index], cell_index=index)

        def fail(self, index: int, name: str, error: BaseException) -> None:
            """Mark a cell failed, with an error output that papermill's own check will find."""
            cell, text = self.nb.cells[index], (str(error).strip().splitlines() or [""])[0]
            output = nbformat.from_dict(  # type: ignore[no-untyped-call]
                {"output_type": "error", "ename": name, "evalue": text, "traceback": [f"{name}: {text}"]}
            )
            cell["outputs"] = [*cell.get("outputs", []), output]
            self.nb_man.cell_exception(cell, cell_index=index, exception=error)

    class WarmEngine(NBClientEngine):  # type: ignore[misc]
        """Runs a notebook on a kernel forked from the warm parent.

        Takes what papermill's own engine takes, and ``report_timeout`` (seconds for all cells together)
        and ``memory_limit`` (bytes the kernel may take beyond what it shares with its parent; by default the
        batch's, 0: no limit). Where kernels cannot be forked it runs on a stock kernel and says so.
        """

        @classmethod
        def execute_managed_notebook(
            cls,
            nb_man: Any,
            kernel_name: str,
            log_output: bool = False,
            stdout_file: Any = None,
            stderr_file: Any = None,
            start_timeout: float = 60,
            execution_timeout: float | None = None,
            report_timeout: float | None = None,
            memory_limit: int = Limits().memory,
            **kwargs: Any,
        ) -> None:
            known = {k: v for k, v in kwargs.items() if k not in {"input_path", "timeout", "startup_timeout"}}
            client = Client(
                nb_man,
                kernel_name=kernel_name,
                startup_timeout=start_timeout,
                timeout_func=_deadline(execution_timeout, report_timeout),
                log=logger,
                log_output=log_output,
                stdout_file=stdout_file,
                stderr_file=stderr_file,
                **known,
            )
            if reason := _why_not(kernel_name):
                logger.warning(f"warm: {reason}; using a stock kernel")
            else:
                from pbanalysis.reports.kernel.warm_kernel import WarmKernelManager

                client.kernel_manager_class = WarmKernelManager
                client.km = client.create_kernel_manager()
                client.km.memory_limit = memory_limit
                client.owns_km = True
            try:
                client.execute()
            except (DeadKernelError, CellTimeoutError):
                pass  # marked in the notebook: papermill writes its banner and raises from there
            except RuntimeError as error:
                if client.code_cells_executed:
                    raise
                first = next((i for i, c in enumerate(nb_man.nb.cells) if c.cell_type == "code"), 0)
                client.fail(first, NEVER_STARTED, error)

    return WarmEngine


def _deadline(cell: float | None, report: float | None) -> Callable[[Any], float | None]:
    """nbclient's timeout of a cell: its own, or what is left for the report."""
    if not report:
        return lambda _: cell
    end = time.monotonic() + report
    return lambda _: min(cell or float("inf"), max(end - time.monotonic(), 0.001))


def _why_not(kernel_name: str) -> str:
    """Reason why this kernel cannot be forked from the warm parent; empty when it can."""
    from jupyter_client.kernelspec import KernelSpecManager

    from pbanalysis.reports.kernel import warm_owner

    if not warm_owner.can_fork():
        return "forking is not available on this system"
    argv = KernelSpecManager().get_kernel_spec(kernel_name).argv
    if argv[1:3] != ["-m", "ipykernel_launcher"] or argv[0] not in {"python", "python3", sys.executable}:
        return f"kernel {kernel_name!r} is not this interpreter's ipykernel"
    return ""
