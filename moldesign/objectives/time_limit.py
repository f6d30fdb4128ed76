"""A limit for the time that foreign code may take in this process."""

import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class OutOfTimeError(BaseException):
    """The block took longer than it may; no `Exception`, so that the code inside does not catch it by accident."""


@contextmanager
def limit_time(seconds: float) -> Iterator[None]:
    """Stop the block after so many seconds, where that can be done: on Unix, in the main thread, in Python code.

    Compiled code is stopped when it returns to Python. Elsewhere the block runs without a limit.

    Raises:
        OutOfTimeError: the time is over.
    """
    if sys.platform == "win32" or threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(number: int, frame: FrameType | None) -> None:
        raise OutOfTimeError

    began, handler = time.monotonic(), signal.signal(signal.SIGALRM, stop)
    others_left, interval = signal.setitimer(signal.ITIMER_REAL, min(seconds, threading.TIMEOUT_MAX))
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, handler)
        if others_left:  # the timer of whoever called us goes on
            signal.setitimer(signal.ITIMER_REAL, max(others_left - (time.monotonic() - began), 1e-3), interval)
