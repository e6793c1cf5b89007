"""`StepGraphs`: a network's step as CUDA graphs, one launch instead of thousands."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

Step = Callable[[Tensor, Tensor, int], Tensor]

_FEWEST = 256  # positions that a graph works on; twice as many each time these are filled


class StepGraphs:
    """Runs a step of all lanes on a GPU: recorded the first time, replayed afterwards.

    A step of a few lanes is some thousand kernels that take less time than their launches. A recorded step is launched
    once. It always works on tensors of the same sizes, so there is one for 256 positions, one for 512, and so on, and
    each looks at twice what is filled, at most. Where recording fails, which is warned of, steps are launched kernel by
    kernel: the same bits, more slowly.

    Parameters
    ----------
    lanes, positions : int
        The most positions that there are.
    device : str
        A CUDA device.
    """

    def __init__(self, lanes: int, positions: int, device: str) -> None:
        self._positions = positions
        self._tokens = torch.zeros((lanes, 1), dtype=torch.int64, device=device)
        self._place = torch.zeros(1, dtype=torch.int64, device=device)
        self._recorded: dict[int, tuple[torch.cuda.CUDAGraph, Tensor]] = {}
        self._records = True
        self._stream: torch.cuda.Stream | None = None
        self._pool: Any = None  # shared: of a result that the next replay may change a copy is given out

    def run(self, step: Step, tokens: Tensor, position: int) -> Tensor:
        """Take a step.

        Parameters
        ----------
        step : callable
            ``step(tokens, place, visible)`` takes int64 tensors [lanes, 1] and [1] and the number of positions to work
            on, and returns a tensor. It reads and changes tensors alone, of sizes and in places that stay, waits for
            nothing, and gives the same when it is repeated. The same function in each call.
        tokens : int64 tensor [lanes, 1]
            On any device.
        position : int
            Of these tokens.

        Returns
        -------
        tensor
            What `step` returns, the caller's to keep.
        """
        self._tokens.copy_(tokens)
        self._place.fill_(position)
        visible = min(self._positions, max(_FEWEST, 1 << position.bit_length()))
        if visible not in self._recorded and self._records:
            try:
                self._recorded[visible] = self._record(step, visible)
            except RuntimeError as error:
                warnings.warn(f"steps are slower than they need be, as CUDA records none: {error}", stacklevel=2)
                self._records = False
        if visible not in self._recorded:
            return step(self._tokens, self._place, visible)
        graph, result = self._recorded[visible]
        graph.replay()
        return result.clone()

    def _record(self, step: Step, visible: int) -> tuple[torch.cuda.CUDAGraph, Tensor]:
        device = self._tokens.device
        # Tables, and the memory that libraries ask for at their first call, must be there before.
        step(self._tokens, self._place, visible)
        if self._stream is None:
            # Its own: what torch records graphs on otherwise is shared by all of a process, and so is memory that
            # libraries keep for that stream, which goes with the first graph that used it.
            self._stream = torch.cuda.Stream(device)  # type: ignore[no-untyped-call]  # torch states no types
            self._pool = torch.cuda.graph_pool_handle()
        graph = torch.cuda.CUDAGraph()
        with (
            torch.cuda.stream(torch.cuda.current_stream(device)),  # comes back even if recording fails at its end
            # Other threads of the process may use the GPU meanwhile.
            torch.cuda.graph(graph, pool=self._pool, stream=self._stream, capture_error_mode="thread_local"),
        ):
            result = step(self._tokens, self._place, visible)
        return graph, result
