"""Small vocabularies of both kinds, for tests of tokenizers and of the containers that hold them."""

from __future__ import annotations

from foretell.adapters.tokenizer_bpe import BYTE_OF, GPT2, BpeTokenizer, piece
from foretell.adapters.tokenizer_spm import SpmTokenizer, from_vocabulary

MISSING = (0x00, 0x04, 0xC0, 0xFF)
CONTROLS = ["<|endoftext|>", "<|im_start|>"]
MERGES = ["t h", "th e", "Ġ the", "Ġ a", "i n", "in g", "Ġ Ġ", "ĠĠ ĠĠ", "a a", "aa aa", "Ã ©", "Ċ Ċ"]
BPE = CONTROLS + [c for c, byte in BYTE_OF.items() if byte not in MISSING] + [m.replace(" ", "") for m in MERGES]
"""Byte-level tokens as files write them: two control tokens, all bytes but `MISSING`, and what the merges make."""

SPM_TEXT = [" ", "e", "t", "h", "a", "é", "日", "th", "the", " the", " t", "aa", "aaaa", "  ", "    ", "日日"]
SPM = ["<unk>", "\n<s>\n", "\n</s>\n", *(f"<0x{byte:02X}>" for byte in range(256)), *SPM_TEXT]
SPM_SCORES = [0.0] * 259 + [-1e6] * 7 + [-float(i) for i in range(len(SPM_TEXT) - 7)]
"""Tokens and scores as llama2.c's files have them: three control tokens, 256 bytes, characters, longer tokens."""


def pairs() -> list[tuple[bytes, bytes]]:
    """Return `MERGES` as bytes."""
    out = []
    for merge in MERGES:
        left, right = (piece(side) for side in merge.split(" "))
        assert left is not None
        assert right is not None
        out.append((left, right))
    return out


def bpe(patterns: tuple[str, ...] = (GPT2,)) -> BpeTokenizer:
    pieces = [b"", b"", *(piece(token) or b"" for token in BPE[2:])]
    ids = {raw: number for number, raw in enumerate(pieces) if raw}
    return BpeTokenizer(ids, pieces, pairs(), patterns, start=0)


def spm() -> SpmTokenizer:
    return from_vocabulary([token.encode() for token in SPM], SPM_SCORES, (0, 1, 2), 1, len(SPM))
