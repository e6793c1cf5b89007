"""The n-gram memory network: hashed contexts, one hidden layer, trained while it codes.

For each byte, eight hashed contexts (orders 1 to 6, the word, two words) each look up a learned row; the rows, side by
side, feed one hidden layer and a softmax over 256 symbols. Beside them, eight run contexts (orders 3 to 16 and words)
name the byte that they saw last; each adds a learned weight, chosen by how often it was right, to that byte's logit.
Contexts are hashed in C++ (``cpp/include/foretell/contexts.hpp``), the network is `foretell.exact`.

This is the reference, and what devices other than the CPU run. On the CPU `foretell.models.native_ngram` computes the
same without torch.
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterator
from dataclasses import asdict

import numpy as np
import torch
from numpy.typing import NDArray

from foretell import cdf as cdfs
from foretell import exact
from foretell._core import ByteContexts, distinct
from foretell.models.ngram_parameters import NAME, VOCABULARY, Parameters

PRECISION = 24

_ACTIVATION_EXPONENT = -5  # hidden units: 0..127 in units of 2^-5

# Logits and what candidates add to them fit int32 together, whatever rates a header states: machines differ in what
# they make of floats that do not.
_MOST_LOGIT = 2.0**30
_MOST_TRUST = 2.0**26


@contextlib.contextmanager
def _out_of_memory() -> Iterator[None]:
    """Make MemoryError of what torch raises when there is not enough; used as a decorator."""
    try:
        yield
    except RuntimeError as error:
        if isinstance(error, torch.OutOfMemoryError) or "DefaultCPUAllocator" in str(error):
            raise MemoryError(f"model {NAME}: {error}") from error
        raise


class NgramModel:
    """See the module; the methods are those of `foretell.models.Model`.

    Parameters
    ----------
    parameters : Parameters
    device : str
        Where the network runs. Which one it is does not change a bit.
    """

    name = NAME
    numerics = "exact/1"
    vocabulary = VOCABULARY
    precision = PRECISION

    @_out_of_memory()
    def __init__(self, parameters: Parameters, device: str = "cpu") -> None:
        self._parameters = p = parameters
        self._device = device
        self.lanes = p.lanes
        self.chunk = p.chunk
        self._contexts = ByteContexts(p.row_bits, p.run_bits)
        self._inputs = ByteContexts.SLOTS * p.width
        self._memory = exact.Embedding(self._contexts.table_rows, p.width, p.row_rate * 2.0**-16, device)
        self._hidden = exact.Linear(
            self._inputs,
            p.hidden,
            input_exponent=exact.Embedding.READ_EXPONENT,
            output_exponent=_ACTIVATION_EXPONENT,
            spread=5.2 / math.sqrt(self._inputs),
            seed=p.seed,
            device=device,
        )
        # All rows start at zero, so the biases must be what lets the first gradients through the rectifier.
        self._hidden.bias += exact.uniform((p.hidden,), 0.1, p.seed + 1, device) + 0.1
        self._hidden.freeze()
        self._output = exact.Linear(
            p.hidden,
            VOCABULARY,
            input_exponent=_ACTIVATION_EXPONENT,
            output_exponent=-exact.FRACTION_BITS,
            spread=1.25 / math.sqrt(p.hidden),
            seed=p.seed + 2,
            device=device,
        )
        self._trust = torch.zeros(
            ByteContexts.CANDIDATES * ByteContexts.CONFIDENCES, dtype=torch.float32, device=device
        )
        self._known = torch.ones_like(self._trust)  # 0 where a context was never seen: such weights stay zero
        self._known[:: ByteContexts.CONFIDENCES] = 0
        self._optimisers = [
            exact.Adam(parameter, p.layer_rate * 2.0**-16)
            for layer in (self._hidden, self._output)
            for parameter in (layer.weight, layer.bias)
        ]
        self._trust_optimiser = exact.Adagrad(self._trust, p.run_rate * 2.0**-16)
        self._noise = exact.NoiseBank(p.seed + 3, p.chunk_numbers, device)
        self._seen = 0  # bytes learned from
        self._filled = 0  # steps of the chunk that await learning
        self._freeze()

    def parameters(self) -> dict[str, int]:
        """See `foretell.models.Model`."""
        return asdict(self._parameters)

    @_out_of_memory()
    def begin(self, lanes: int) -> None:
        """See `foretell.models.Model`."""
        if not 1 <= lanes <= self.lanes:
            raise ValueError(f"lanes must be 1..{self.lanes}, not {lanes}")
        if self._filled:
            self._learn()
        self._contexts.begin(lanes)
        t, n = self.chunk, lanes
        # What learning needs of the chunk's steps, step-major. Features are made on the CPU and copied if need be.
        self._rows = np.empty((t, n, ByteContexts.SLOTS), np.int64)
        self._candidates = np.empty((t, n, ByteContexts.CANDIDATES), np.int64)
        self._buckets = np.empty((t, n, ByteContexts.CANDIDATES), np.int64)
        self._symbols = np.empty((t, n), np.uint8)
        self._cdf = np.empty((t, n, VOCABULARY + 1), np.uint32)
        self._x = torch.empty((t, n, self._inputs), dtype=torch.float32, device=self._device)
        self._h = torch.empty((t, n, self._parameters.hidden), dtype=torch.float32, device=self._device)

    def predict(self) -> NDArray[np.uint32]:
        """See `foretell.models.Model`."""
        t = self._filled
        self._contexts.features(self._rows[t], self._candidates[t], self._buckets[t])
        self._forward(t, t + 1)
        cdf: NDArray[np.uint32] = self._cdf[t]
        return cdf

    def update(self, symbols: NDArray[np.uint8]) -> None:
        """See `foretell.models.Model`."""
        self._symbols[self._filled] = symbols
        self._contexts.observe(self._symbols[self._filled])
        self._advance(1)

    def score(self, symbols: NDArray[np.uint8]) -> tuple[NDArray[np.uint32], NDArray[np.uint32]]:
        """See `foretell.models.Model`."""
        first, last = self._filled, self._filled + symbols.shape[1]
        if last > self.chunk:
            raise ValueError(f"{symbols.shape[1]} steps do not fit the {self.chunk - first} left of the chunk")
        steps = slice(first, last)
        self._symbols[steps] = symbols.T
        self._contexts.scan(self._symbols[steps], self._rows[steps], self._candidates[steps], self._buckets[steps])
        self._forward(first, last)
        places = self._symbols[steps].astype(np.intp)[..., None]
        start = np.take_along_axis(self._cdf[steps], places, 2)[..., 0]
        freq = np.take_along_axis(self._cdf[steps], places + 1, 2)[..., 0] - start
        self._advance(last - first)
        return start.T, freq.T

    def _advance(self, steps: int) -> None:
        self._filled += steps
        if self._filled == self.chunk:
            self._learn()

    def _to_device(self, array: NDArray[np.int64] | NDArray[np.int32]) -> torch.Tensor:
        return torch.from_numpy(array).to(self._device)

    def _freeze(self) -> None:
        self._hidden.freeze()
        self._output.freeze()
        trust = (self._trust * 2.0**exact.FRACTION_BITS).round_().clamp_(-_MOST_TRUST, _MOST_TRUST)
        self._frozen_trust = trust.to(torch.int32)

    @_out_of_memory()
    @torch.no_grad()
    def _forward(self, first: int, last: int) -> None:
        """Fill x, h and cdf of the steps first..last from their features."""
        count = (last - first) * self._rows.shape[1]
        rows = self._to_device(self._rows[first:last].reshape(-1))
        x = self._memory.read(rows).view(count, self._inputs)
        self._x[first:last].view(count, -1).copy_(x)
        h = exact.clipped_relu(self._hidden.forward(x))
        self._h[first:last].view(count, -1).copy_(h)
        logits = self._output.forward(h).round_().clamp_(-_MOST_LOGIT, _MOST_LOGIT).to(torch.int32)
        candidates = self._to_device(self._candidates[first:last].reshape(count, -1))
        buckets = self._to_device(self._buckets[first:last].reshape(-1))
        logits.scatter_add_(1, candidates, self._frozen_trust.index_select(0, buckets).view(count, -1))
        out = self._cdf[first:last].reshape(count, -1)
        if logits.device.type == "cpu":
            cdfs.from_logits(logits.numpy(), PRECISION, out=out)
        else:
            out[:] = exact.cdf_from_logits(logits, PRECISION).cpu().numpy().view(np.uint32)

    @_out_of_memory()
    @torch.no_grad()
    def _learn(self) -> None:
        """Train on the filled steps of the chunk."""
        steps, lanes = self._filled, self._rows.shape[1]
        count = steps * lanes
        self._filled = 0
        x = self._x[:steps].view(count, -1)
        h = self._h[:steps].view(count, -1)
        cdf = self._to_device(self._cdf[:steps].view(np.int32).reshape(count, -1))
        symbols = self._to_device(self._symbols[:steps].reshape(-1).astype(np.int64))

        # Backward, in integers. Grids: g 2^-7, its product with the output weights 2^(e - 7), dithered to 2^d.
        g = exact.logit_gradient(cdf, symbols, PRECISION, self._noise.take(count, VOCABULARY))
        product = exact.clipped_relu_gradient(self._output.backward(g), h)
        narrowed = exact.exponent_for(product)
        dh = exact.dither(product, narrowed, self._noise.take(count, product.shape[1]))
        d = narrowed + (self._output.exponent - 7)

        unit = 2.0**-7 / (lanes * self.chunk)
        wide = exact.power_of_two(d) * (1.0 / (lanes * self.chunk))
        gradients = []
        for layer, inputs, gradient, scale, exponent in (
            (self._hidden, x, dh, wide, exact.Embedding.READ_EXPONENT),
            (self._output, h, g, unit, _ACTIVATION_EXPONENT),
        ):
            weight, bias = layer.gradients(inputs, gradient)
            gradients += [weight.mul_(scale * 2.0**exponent), bias.mul_(scale)]

        dx = self._hidden.backward(dh).view(count * ByteContexts.SLOTS, -1)
        rows, inverse = distinct(self._rows[:steps].reshape(-1))
        self._memory.learn(self._to_device(rows), self._to_device(inverse), dx, d + self._hidden.exponent)

        candidates = self._to_device(self._candidates[:steps].reshape(count, -1))
        buckets = self._to_device(self._buckets[:steps].reshape(-1))
        trust_gradient = torch.zeros_like(self._trust)
        trust_gradient.index_add_(0, buckets, g.gather(1, candidates).view(-1))  # integers below 2^24: any order
        self._trust_optimiser.step(trust_gradient.mul_(self._known).mul_(2.0**-7))

        self._seen += count
        fall = math.sqrt(1.0 + self._parameters.decay * self._seen * 2.0**-30)
        for optimiser, gradient in zip(self._optimisers, gradients, strict=True):
            optimiser.rate = self._parameters.layer_rate * 2.0**-16 / fall
            optimiser.step(gradient)
        self._freeze()
