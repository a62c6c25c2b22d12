"""Ctrl-C, a closed terminal and a polite end: one thing to the program, and to it alone.

The terminal sends Ctrl-C to every process at once. The one that was called decides; those it started leave
it alone and end with it, so that none of them speaks.
"""

from __future__ import annotations

import signal
import sys
import threading
import time
from types import FrameType

__all__ = ["heard", "heed", "ignore", "leave_to_owner"]

_SIGNALS = {getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)}
_SAME_WISH = 10.0  # seconds in which a second signal says what the first one said
_SOON = 0.05
_heard: float | None = None  # when
# raised while a module is being loaded, it would be swallowed by a clean-up there, or be told to Python itself,
# which then ends by the signal whatever we make of it
_LOADING = ("<frozen importlib._bootstrap>", "<string>")


def heed() -> None:
    """From here on each of the signals raises ``KeyboardInterrupt``, once: stopping is not to be stopped.

    What was told to ignore them before it was started (``nohup``) goes on ignoring them.
    """
    caller = sys._getframe(1)

    def interrupt(number: int, frame: FrameType | None) -> None:
        global _heard
        now = time.monotonic()
        if sys.platform != "win32" and _loads(frame, caller):
            signal.setitimer(signal.ITIMER_REAL, _SOON)
        elif _heard is None or now - _heard >= _SAME_WISH:
            _heard = now
            raise KeyboardInterrupt

    for number in _SIGNALS:
        if signal.getsignal(number) in (signal.SIG_DFL, signal.default_int_handler):
            signal.signal(number, interrupt)
    if sys.platform != "win32":
        signal.signal(signal.SIGALRM, interrupt)


def heard() -> bool:
    """Whether one of the signals was raised: whatever error came after it came of it, or is no longer of interest.

    A process that was told to stop at the same moment leaves broken pipes, and a library may turn the
    ``KeyboardInterrupt`` that it meets into an error of its own.
    """
    return _heard is not None


def _loads(frame: FrameType | None, caller: FrameType) -> bool:
    while frame and frame is not caller:
        if frame.f_code.co_filename in _LOADING:
            return True
        frame = frame.f_back
    return False


def ignore() -> None:
    """From here on none of them matters: what there was to do is done."""
    if threading.current_thread() is threading.main_thread():
        for number in (*_SIGNALS, *([signal.SIGALRM] if sys.platform != "win32" else [])):
            signal.signal(number, signal.SIG_IGN)


def leave_to_owner(*, started: bool) -> None:
    """Leave the signals to the owner: in a thread of the owner for what it will start, and there once it runs.

    A process inherits the mask of the thread that starts it, so it is deaf from its first instruction on,
    through all it imports. Once it runs it ignores them and the mask is lifted, for what it starts itself
    shall have none; it still ends when told to (``SIGTERM``), for that is how its owner tells it.
    """
    if started:
        for number in _SIGNALS - {signal.SIGTERM}:
            signal.signal(number, signal.SIG_IGN)
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK if started else signal.SIG_BLOCK, _SIGNALS)
