"""Calls in a process of their own: a crash or a hang of foreign code is an answer, not an end."""

from __future__ import annotations

import multiprocessing
import os
import resource
import signal
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any

MEMORY = 16 << 30  # of addresses, so that an absurd length ends in an error and not in a full machine


def _report(pipe: Connection, function: Callable[..., str], arguments: tuple[Any, ...]) -> None:
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)  # what it prints about its end is of no interest
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    pipe.send(function(*arguments))
    os._exit(0)  # no destructors: a damaged heap that went unnoticed so far is not the call's result


def attempt(seconds: float, function: Callable[..., str], *arguments: Any) -> str:
    """Return what the call returns, or "HANGS", "CRASHES: SIGNAL" or "EXITS: code"."""
    receiver, sender = multiprocessing.Pipe(duplex=False)
    context = multiprocessing.get_context("fork")  # everything is imported already
    process = context.Process(target=_report, args=(sender, function, arguments))
    process.start()
    sender.close()
    try:
        if not receiver.poll(seconds):
            return "HANGS"
        return str(receiver.recv())
    except EOFError:  # it ended without a word
        process.join()
        code = process.exitcode or 0
        return f"CRASHES: {signal.Signals(-code).name}" if code < 0 else f"EXITS: {code}"
    finally:
        process.kill()
        process.join()


def ended_badly(reason: str) -> bool:
    """Return whether this is what `attempt` says of a process that did not return."""
    return reason.startswith(("HANGS", "CRASHES", "EXITS"))
