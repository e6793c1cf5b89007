"""What the results of float networks depend on, as far as it can be told."""

from __future__ import annotations

from typing import Any

import torch


def runs_on(device: str) -> dict[str, Any]:
    """Return the version of torch, the kind of device, its name or the processor's instructions, and the threads."""
    kind = torch.device(device).type
    return {
        "torch": torch.__version__,
        "device": kind,
        "processor": torch.cuda.get_device_name(device) if kind == "cuda" else torch.backends.cpu.get_cpu_capability(),
        "threads": torch.get_num_threads(),
    }


def fingerprint(device: str) -> tuple[tuple[str, str], ...]:
    """Return the same as names and values that a header holds (`foretell.container.Header`), without blanks."""
    return tuple((name, str(value).replace(" ", "-")[:32]) for name, value in runs_on(device).items())
