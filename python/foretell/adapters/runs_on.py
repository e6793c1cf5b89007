"""What the results of float networks depend on."""

from __future__ import annotations

import torch


def runs_on(device: str) -> tuple[tuple[str, str], ...]:
    """Return names and values, without blanks: a header's fingerprint (`foretell.container.Header`)."""
    on_gpu = torch.device(device).type == "cuda"
    processor = torch.cuda.get_device_name(device) if on_gpu else torch.backends.cpu.get_cpu_capability()
    return (
        ("torch", torch.__version__[:32]),
        ("device", torch.device(device).type),
        ("processor", processor.replace(" ", "-")[:32]),
        ("threads", str(torch.get_num_threads())),
    )
