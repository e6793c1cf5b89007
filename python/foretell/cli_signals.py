"""Signals that end the process become an exception, so that temporary files are removed on the way out."""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Iterator
from types import FrameType

_received: list[int] = []


class Signalled(BaseException):
    """A signal asks the process to end. Not an Exception: nothing of ours on the way may swallow it."""


def received() -> int:
    """Return the first signal that came inside `signals_raise`, 0 if none did."""
    return _received[0] if _received else 0


def check() -> None:
    """Raise `Signalled` if a signal came.

    The handler has raised it already, but an extension module that is just being imported makes an ImportError of
    that, and who imported it may go on without the module.
    """
    if _received:
        raise Signalled


@contextlib.contextmanager
def signals_raise() -> Iterator[None]:
    """Turn SIGINT, SIGTERM and SIGHUP into `Signalled`. One that is ignored (nohup, background jobs) stays so."""

    def end(number: int, frame: FrameType | None) -> None:
        _received.append(number)
        raise Signalled

    _received.clear()
    wanted = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]
    try:
        before = {n: signal.signal(n, end) for n in wanted if signal.getsignal(n) is not signal.SIG_IGN}
    except ValueError:  # not the main thread: whoever runs it there minds the signals
        before = {}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def die() -> None:
    """End as the signal received says, so that shells and makes see it."""
    signal.signal(received(), signal.SIG_DFL)
    signal.raise_signal(received())  # to this thread: os.kill may choose another and come too late
