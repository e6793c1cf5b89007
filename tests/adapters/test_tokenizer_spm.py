"""Tokenizers by scores: nothing is lost, and the merges are those of the scores."""

from __future__ import annotations

import time

import numpy as np
import pytest
import tiny_tokens
from foretell.adapters.tokenizer_spm import SpmTokenizer, from_vocabulary
from foretell.errors import CorruptError
from hypothesis import given
from hypothesis import strategies as st

pieces_of_text = st.sampled_from(
    [*tiny_tokens.SPM_TEXT, "<0x0A>", "<s>", "\n<s>\n", "<unk>", "▁", "\n", "x", "\ud800", "語"]
)
anything = st.one_of(
    st.binary(max_size=200),
    st.lists(pieces_of_text, max_size=30).map(lambda parts: "".join(parts).encode("utf-8", "surrogatepass")),
    st.tuples(st.binary(min_size=1, max_size=3), st.integers(1, 2000)).map(lambda pair: pair[0] * pair[1]),
)


@given(anything)
def test_nothing_is_lost(data):
    tokenizer = tiny_tokens.spm()
    ids = tokenizer.encode(data)
    assert ids.dtype == np.int64
    assert tokenizer.decode(ids) == data
    assert not np.isin(ids, [0, 1, 2]).any(), "a control token stands for no text"


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("the the", [b"the", b" the"]),
        ("a  the", [b"a", b" ", b" the"]),
        ("aaaaaaé日日x", [b"aaaa", b"aa", "é".encode(), "日日".encode(), b"x"]),
        ("語", [bytes([byte]) for byte in "語".encode()]),
    ],
)
def test_tokens(text, wanted):
    tokenizer = tiny_tokens.spm()
    assert [tokenizer.pieces[i] for i in tokenizer.encode(text.encode())] == wanted


def test_the_names_of_byte_tokens_are_text_in_text():
    tokenizer = tiny_tokens.spm()
    assert tokenizer.encode(b"\n").tolist() == [3 + 10]
    assert tokenizer.encode(b"<0x0A>").tolist() == [3 + byte for byte in b"<0x0A>"]


def test_bytes_without_a_token_follow_the_vocabulary():
    tokenizer = from_vocabulary([b"", b"", b"a"], [0.0, 0.0, 0.0], (0, 1), 1, 5)
    assert tokenizer.vocabulary == 5 + 255
    assert tokenizer.encode(b"ab\0").tolist() == [2, 5 + ord("b") - 1, 5]


@pytest.mark.parametrize("byte", [b"a", b" ", b"\n", b"\xff"], ids=["letter", "space", "line", "no text"])
def test_a_megabyte_of_one_byte_takes_seconds(byte):
    tokenizer = tiny_tokens.spm()
    begin = time.perf_counter()
    assert tokenizer.decode(tokenizer.encode(byte * 10**6)) == byte * 10**6
    assert time.perf_counter() - begin < 60  # quadratic: hours


def test_bad_vocabularies_are_named():
    with pytest.raises(CorruptError, match="not finite"):
        SpmTokenizer({b"a": float("nan")}, {b"a": 0}, {}, [b"a"], 0)
    with pytest.raises(CorruptError, match="not those of its vocabulary"):
        SpmTokenizer({b"a": 0.0}, {b"a": 0}, {}, [b"b"], 0)
