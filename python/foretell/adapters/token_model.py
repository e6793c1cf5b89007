"""`TokenModel`: blocks coded as the tokens of a language model, or as bytes where it knows nothing of their kind.

A payload is a byte and, as that says,

* 0: a varint, the number n of tokens; one stream of the range coder. The tokens are cut into lanes as the bytes of
  other models are (docs/format.md, "Lanes", with n for the bytes). Before its first token a lane shows the network the
  tokenizer's start token, before each other one the token before it. When the network's window is full, it forgets
  all, is shown the last `overlap` tokens again, and goes on. With `adapt`, biases of the tokens learn
  (`foretell.adapters.token_bias`).
* 1: a payload of a "mix/1" model that learns every block, also those that are coded as tokens.

The encoder takes what is shorter. So data that are foreign to the network cost what they cost elsewhere, and a byte.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from foretell import cdf, varint
from foretell.adapters.landing import Landing
from foretell.adapters.token_bias import TokenBias
from foretell.coders import RangeDecoder, RangeEncoder
from foretell.errors import CorruptError, TruncatedError
from foretell.lane_codec import Shape, bits_of
from foretell.models.mix import MixModel
from foretell.models.mix_parameters import Parameters

if TYPE_CHECKING:
    from foretell.adapters.tokenizer import Tokenizer
    from foretell.models.base import Progress

_TOKENS, _BYTES = 0, 1
_BESIDE = Parameters(contexts=1, cell_bits=22, history_bits=22)
_MOST_LOGITS = 1 << 24  # at a time, where an encoder looks ahead


def precision_for(vocabulary: int) -> int:
    """Return the bits of the CDFs of V tokens: 18, and half of those that number the tokens, rounded up.

    Each bit more halves what the slots cost that no token is without, ``V / (ln 2 * 2^P)`` bits a token, and doubles
    what the range coder loses by rounding, ``0.002 * 2^(P - 28)``. With 50 000 tokens, 26 bits cost 0.0016.
    """
    return 18 + ((vocabulary - 1).bit_length() + 1) // 2


@dataclass(frozen=True)
class Plan:
    """How blocks are cut and what a network sees of them: the parameters in a header.

    Attributes
    ----------
    lanes : int
        The most lanes.
    window : int
        Tokens that a lane of the network holds.
    overlap : int
        Tokens that are shown again when the window is full, 0 to window - 1.
    adapt : int
        The rate at which biases of the tokens learn (`foretell.adapters.token_bias`), 0 if they do not.
    """

    lanes: int
    window: int
    overlap: int
    adapt: int = 0


class Network(Protocol):
    """What predicts tokens, in lanes that advance together; `foretell.adapters.decoder.Decoder` is one.

    Attributes
    ----------
    vocabulary, positions, position : int
        Tokens that it knows; tokens that a lane may hold, and does.
    """

    @property
    def vocabulary(self) -> int:
        """Number of tokens."""
        ...

    @property
    def positions(self) -> int:
        """The most tokens of a lane."""
        ...

    @property
    def position(self) -> int:
        """Tokens that each lane holds."""
        ...

    def begin(self, lanes: int) -> None:
        """Forget all tokens and start `lanes` empty lanes."""
        ...

    def rewind(self, position: int) -> None:
        """Forget the tokens of each lane from `position` on."""
        ...

    def feed(self, tokens: Tensor) -> None:
        """Take tokens, int64 [lanes, t]."""
        ...

    def forward(self, tokens: Tensor) -> Tensor:
        """Take tokens; return logits after each, [lanes, t, V], float32 in base e or int32 as of `foretell.cdf`."""
        ...


class TokenModel:
    """A `foretell.models.BlockModel` of tokens.

    Parameters
    ----------
    name, numerics : str
        As in a header.
    network : Network
        Holds ``plan.window`` positions. Used by one block at a time, of whatever model.
    tokenizer : Tokenizer
    plan : Plan
    ahead : bool
        Whether the network gives the same bits for many tokens at once as for one by one.
    device : str
        Of torch: the network's.
    tokens_only : bool
        Encode all blocks as tokens.
    weights : bytes
        SHA-256 of network and tokenizer.
    fingerprint : tuple of (str, str)
        What the network runs on, if its numerics are native.
    """

    def __init__(
        self,
        name: str,
        numerics: str,
        network: Network,
        tokenizer: Tokenizer,
        plan: Plan,
        *,
        ahead: bool,
        device: str,
        tokens_only: bool = False,
        weights: bytes,
        fingerprint: tuple[tuple[str, str], ...],
    ) -> None:
        self.name = name
        self.numerics = numerics
        self.weights = weights
        self.fingerprint = fingerprint
        self._network = network
        self._tokenizer = tokenizer
        self._plan = plan
        self._ahead = ahead
        self._tokens_only = tokens_only
        self._beside = MixModel(_BESIDE)
        self._precision = precision_for(tokenizer.vocabulary)
        self._landing = Landing()
        self._bias: TokenBias | None = None
        if plan.adapt:
            self._bias = TokenBias(tokenizer.vocabulary, network.vocabulary, plan.adapt, self._precision, device)

    def parameters(self) -> dict[str, int]:
        """See `foretell.models.BlockModel`."""
        return asdict(self._plan)

    def encode_block(
        self, data: bytes | bytearray | memoryview, progress: Progress | None = None
    ) -> tuple[bytes, float]:
        """See `foretell.models.BlockModel`."""
        before = self._bias.copy() if self._bias else None
        payload, bits = self._encode_tokens(bytes(data), progress)
        other, other_bits = self._beside.encode_block(data)
        if len(other) < len(payload) and not self._tokens_only:
            if self._bias and before is not None:
                self._bias.restore(before)  # a decoder will not see these tokens
            return bytes([_BYTES]) + other, other_bits
        return bytes([_TOKENS]) + payload, bits

    def decode_block(self, payload: bytes, raw_length: int, progress: Progress | None = None) -> bytes:
        """See `foretell.models.BlockModel`."""
        if not payload:
            raise TruncatedError("a payload without its first byte")
        kind, payload = payload[0], payload[1:]
        if kind == _BYTES:
            return self._beside.decode_block(payload, raw_length, progress)
        if kind != _TOKENS:
            raise CorruptError(f"a payload of kind {kind}, 0 and 1 are known")
        plain = self._decode_tokens(payload, raw_length, progress)
        self._beside.learn_block(plain)
        return plain

    def learn_block(self, data: bytes | bytearray | memoryview, progress: Progress | None = None) -> None:
        """See `foretell.models.BlockModel`."""
        self._beside.learn_block(data, progress)

    def _encode_tokens(self, plain: bytes, progress: Progress | None) -> tuple[bytes, float]:
        ids = self._tokenizer.encode(plain)
        shape = self._begin(len(ids))
        tokens = shape.grid(ids)
        report = _reporter(progress, len(plain), len(ids))
        encoder, bits = RangeEncoder(self._precision), 0.0
        feed = _Feed(self._network, self._tokenizer, shape, self._plan.overlap)
        feed.take(tokens)
        most = max(1, _MOST_LOGITS // (shape.lanes * self._network.vocabulary)) if self._ahead else 1
        first = 0
        while first < shape.steps:
            logits = feed.logits(first, min(most, shape.steps - first))
            last = first + logits.shape[1]
            for begin, end in self._between_updates(first, last):
                coded = shape.coded(begin, end - begin)
                chosen = torch.from_numpy(tokens[:, begin:end].T[coded]).to(logits.device)
                rows = logits[:, begin - first : end - first].transpose(0, 1)
                start, freq = self._intervals(rows[torch.from_numpy(coded).to(logits.device)], chosen)
                self._step_ends(end)
                encoder.encode(start, freq)
                bits += bits_of(freq, self._precision)
            first = last
            report(shape.done(first))
        return varint.encode(len(ids)) + encoder.finish(), bits

    def _decode_tokens(self, payload: bytes, raw_length: int, progress: Progress | None) -> bytes:
        found = varint.decode(payload, 0)
        if found is None:
            raise TruncatedError("a payload that ends within its number of tokens")
        count, at = found
        if not 1 <= count <= raw_length:  # each token stands for a byte or more
            raise CorruptError(f"{count} tokens for a block of {raw_length} bytes")
        shape = self._begin(count)
        report = _reporter(progress, raw_length, count)
        decoder = RangeDecoder(payload[at:], self._precision)
        feed = _Feed(self._network, self._tokenizer, shape, self._plan.overlap)
        columns = []
        for step in range(shape.steps):
            active = shape.active(step)
            rows = self._rows(feed.logits(step, 1)[:active, 0])
            column = np.zeros(shape.lanes, np.int64)
            for place, piece in self._landing.pieces(rows):
                column[:active][place] = decoder.decode(piece)
            if self._bias:
                self._bias.see(rows, torch.from_numpy(column[:active]).to(rows.device))
                self._step_ends(step + 1)
            feed.take(column[:, None])
            columns.append(column)
            report(shape.done(step + 1))
        decoder.finish()
        plain = self._tokenizer.decode(np.stack(columns, axis=1).ravel()[:count])
        if len(plain) != raw_length:
            raise CorruptError(f"{count} tokens of {len(plain)} bytes for a block of {raw_length}")
        return plain

    def _begin(self, count: int) -> Shape:
        """Start a block of so many tokens."""
        shape = Shape(count, self._plan.lanes)
        if self._bias:
            self._bias.begin(shape.lanes)
        return shape

    def _between_updates(self, first: int, last: int) -> list[tuple[int, int]]:
        """Cut steps `first` to `last` where the biases learn."""
        if not self._bias:
            return [(first, last)]
        every = self._bias.steps
        ends = [*range((first // every + 1) * every, last, every), last]
        return list(zip([first, *ends], ends, strict=False))

    def _rows(self, logits: Tensor) -> Tensor:
        return cdf.from_logits(self._bias.add_to(logits) if self._bias else logits, self._precision)

    def _intervals(self, logits: Tensor, tokens: Tensor) -> tuple[NDArray[np.uint32], NDArray[np.uint32]]:
        """Return start and frequency of tokens [n] under logits [n, V]."""
        if not self._bias:
            # On a GPU the CDFs stay there: two integers a token are copied.
            start, freq = cdf.intervals_from_logits(logits, tokens, self._precision)
        else:
            rows = self._rows(logits)
            self._bias.see(rows, tokens)
            signed, place = rows.view(torch.int32), tokens[:, None]
            start, end = signed.gather(1, place)[:, 0], signed.gather(1, place + 1)[:, 0]
            freq = end - start
        return start.cpu().numpy().view(np.uint32), freq.cpu().numpy().view(np.uint32)

    def _step_ends(self, step: int) -> None:
        if self._bias and step % self._bias.steps == 0:
            self._bias.learn()


class _Feed:
    """Shows a network the tokens of a block, and has it predict the next ones.

    Parameters
    ----------
    network : Network
    tokenizer : Tokenizer
    shape : Shape
    overlap : int
    """

    def __init__(self, network: Network, tokenizer: Tokenizer, shape: Shape, overlap: int) -> None:
        self._network = network
        self._start = tokenizer.start
        self._overlap = overlap
        self._unknown = tokenizer.vocabulary - network.vocabulary  # tokens that the network has not
        self._inputs = [np.full(shape.lanes, self._start, np.int64)]
        network.begin(shape.lanes)

    def take(self, tokens: NDArray[np.int64]) -> None:
        """Take the tokens of the coming steps, [lanes, t]."""
        known = np.where(tokens < self._network.vocabulary, tokens, self._start)
        self._inputs += list(known.T)

    def logits(self, first: int, most: int) -> Tensor:
        """Return logits of the steps from `first` on, [lanes, t, V]: t at most `most`, and what fits in the window.

        To be called for steps in order, each once; those before must have been taken. On the network's device.
        """
        network = self._network
        if network.position == network.positions:
            network.rewind(0)
            if self._overlap:
                network.feed(self._tensor(first - self._overlap, first))
        last = first + min(most, network.positions - network.position)
        logits = network.forward(self._tensor(first, last))
        if not self._unknown:
            return logits
        lowest = torch.finfo(logits.dtype).min if logits.is_floating_point() else torch.iinfo(logits.dtype).min + 1
        return torch.nn.functional.pad(logits, (0, self._unknown), value=lowest)

    def _tensor(self, first: int, last: int) -> Tensor:
        return torch.from_numpy(np.stack(self._inputs[first:last], axis=1))


def _reporter(progress: Progress | None, size: int, count: int) -> Callable[[int], None]:
    """Return what takes the number of tokens done, of `count`, and tells `progress` of as many of `size` bytes."""
    told = 0

    def report(done: int) -> None:
        nonlocal told
        if progress is not None:
            progress(size * done // count - told)
            told = size * done // count

    return report
