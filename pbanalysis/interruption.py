"""Ctrl-C, a closed terminal and a polite end: one thing to the program, and to it alone.

The terminal sends Ctrl-C to every process at once. The one that was called decides; those it started leave
it alone and end with it, so that none of them speaks.
"""

from __future__ import annotations

import signal
import threading
import time
from types import FrameType

__all__ = ["heed", "ignore", "leave_to_owner"]

_SIGNALS = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]
_SAME_WISH = 10.0  # seconds in which a second signal says what the first one said


def heed() -> None:
    """From here on each of the signals raises ``KeyboardInterrupt``, once: stopping is not to be stopped.

    What was told to ignore them before it was started (``nohup``) goes on ignoring them.
    """
    heard = -_SAME_WISH

    def interrupt(number: int, frame: FrameType | None) -> None:
        nonlocal heard
        now = time.monotonic()
        if now - heard >= _SAME_WISH:
            heard = now
            raise KeyboardInterrupt

    for number in _SIGNALS:
        if signal.getsignal(number) in (signal.SIG_DFL, signal.default_int_handler):
            signal.signal(number, interrupt)


def ignore() -> None:
    """From here on none of them matters: what there was to do is done."""
    if threading.current_thread() is threading.main_thread():
        for number in _SIGNALS:
            signal.signal(number, signal.SIG_IGN)


def leave_to_owner(*, started: bool) -> None:
    """Leave Ctrl-C to the owner: in a thread of the owner for what it will start, and there once it is started.

    A process inherits the mask of the thread that starts it, so it is deaf from its first instruction on,
    through all it imports; once it has started, the signal is ignored and the mask lifted, for what the
    process itself starts shall have none.
    """
    if started:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    if hasattr(signal, "pthread_sigmask"):
        how = signal.SIG_UNBLOCK if started else signal.SIG_BLOCK
        signal.pthread_sigmask(how, {signal.SIGINT})
