"""Files under OUT: complete or absent, and one run at a time.

A file is written aside (in OUT's work folder, so on the same file system), flushed to the disk and
renamed: a killed run leaves nothing half-written where reports are looked for. The lock is the operating
system's: it ends with the process that holds it, so a killed run leaves no stale lock behind.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from pbanalysis.errors import Code, PbError

__all__ = [
    "POINTER",
    "WORK",
    "out_locked",
    "output_failed",
    "point_at",
    "pointed_at",
    "read_json",
    "sha256",
    "write_whole",
]

WORK = ".work"  # OUT's work folder: staged files, the journal, digests; safe to delete
POINTER = "store"  # in it: where the store lies
_PART = ".part"
_NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


def write_whole(path: Path, data: bytes, *, aside: Path | None = None) -> str:
    """Write aside and flush, then rename; returns the SHA-256 of ``data``.

    Parameters
    ----------
    aside
        Folder of the unfinished file, on the same file system; beside ``path`` when not given.

    Raises
    ------
    PbError
        ``OUTPUT_FAILED``: no room or no permission; nothing is left half-written.
    """
    part = (aside or path.parent) / f".{path.name}.{os.getpid()}{_PART}"
    try:
        with part.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, path)
    except OSError as error:
        with suppress(OSError):
            part.unlink()
        raise output_failed(path, error) from error
    return hashlib.sha256(data).hexdigest()


def point_at(work: Path, store: Path) -> None:
    """Note in OUT's work folder where the store lies: notebooks that are opened in OUT find it by that."""
    where = store.resolve()
    with suppress(ValueError):  # on another drive
        where = Path(os.path.relpath(where, work.resolve()))
    said, pointer = where.as_posix().encode(), work / POINTER
    if not pointer.exists() or pointer.read_bytes() != said:
        write_whole(pointer, said)


def pointed_at(work: Path) -> Path | None:
    """Where the store lies by OUT's note; ``None`` where there is none."""
    pointer = work / POINTER
    return (work / pointer.read_text(encoding="utf-8").strip()).resolve() if pointer.is_file() else None


def output_failed(path: Path, error: OSError) -> PbError:
    """The error of a file that could not be written."""
    full = error.errno in _NO_ROOM
    return PbError(
        Code.OUTPUT_FAILED,
        "磁盘空间不够，文件写不进去" if full else "文件写不进去",
        where=path.name,
        got=error.strerror or "",
        fix="请腾出空间后再次运行同一命令，会接着做" if full else "请检查文件夹的写入权限后重试",
    )


def sha256(path: Path) -> str:
    """SHA-256 of a file; empty when it is not there."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return ""


def read_json(path: Path) -> dict[str, Any]:
    """The object that a JSON file holds; empty when there is none."""
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return data if isinstance(data, dict) else {}


@contextmanager
def out_locked(out: Path) -> Iterator[Path]:
    """Hold OUT for one run; yields its work folder.

    Raises
    ------
    PbError
        ``OUTPUT_BUSY``: another run holds it; ``OUTPUT_FAILED``: it cannot be made.
    """
    work = out / WORK
    try:
        work.mkdir(parents=True, exist_ok=True)
        lock = (work / "lock").open("a+", encoding="ascii")
    except OSError as error:
        raise output_failed(out, error) from error
    with lock:
        if not _try_lock(lock.fileno()):
            lock.seek(0)
            raise PbError(
                Code.OUTPUT_BUSY,
                "另一个 pbanalysis report 正在写这个文件夹",
                where=out.name,
                got=f"进程 {lock.read().strip()}",
                fix="请等它结束，或换一个输出文件夹",
            )
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        for part in work.glob(f".*{_PART}"):  # of a run that was killed
            part.unlink(missing_ok=True)
        yield work


if sys.platform == "win32":
    import msvcrt

    def _try_lock(fd: int) -> bool:
        # one byte far behind the text, which stays readable for the message
        os.lseek(fd, 1 << 20, os.SEEK_SET)
        try:
            msvcrt.locking(fd, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

else:
    import fcntl

    def _try_lock(fd: int) -> bool:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True
