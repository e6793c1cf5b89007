"""Byte-level BPE: nothing is lost, words and merges are as they should be, bad vocabularies are named."""

from __future__ import annotations

import sys
import time

import numpy as np
import pytest
import tiny_tokens
from foretell.adapters import tokenizer_bpe
from foretell.adapters.tokenizer_bpe import DIGIT, GPT2, LLAMA3, NAMED, QWEN2, BpeTokenizer
from foretell.errors import CorruptError, UnsupportedError
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("regex", reason="the package regex is not installed")

WHOLE = {bytes([byte]): byte for byte in range(256)}
BYTES = [bytes([byte]) for byte in range(256)]

text_like = st.lists(
    st.one_of(
        st.sampled_from(
            ["the", " the", "  ", "\n\n", "<|endoftext|>", "<|im_start|>", "aaaa", "é", "日本", "12", "'s"]
        ),
        st.text(max_size=4),
    ),
    max_size=20,
).map("".join)
anything = st.one_of(
    st.binary(max_size=200),
    text_like.map(lambda text: text.encode("utf-8", "surrogatepass")),
    st.tuples(st.binary(min_size=1, max_size=3), st.integers(1, 2000)).map(lambda pair: pair[0] * pair[1]),
)


@pytest.mark.parametrize("patterns", sorted(set(NAMED.values())), ids=["gpt2", "llama3", "qwen2", "smollm"])
@given(data=anything)
def test_nothing_is_lost(patterns, data):
    tokenizer = tiny_tokens.bpe(patterns)
    ids = tokenizer.encode(data)
    assert ids.dtype == np.int64
    assert ids.ndim == 1
    assert tokenizer.decode(ids) == data
    assert not np.isin(ids, [0, 1]).any(), "a control token stands for no text"


@given(st.lists(st.integers(0, len(tiny_tokens.BPE) - 1)), st.lists(st.integers(0, len(tiny_tokens.BPE) - 1)))
def test_decoding_goes_token_by_token(a, b):
    tokenizer = tiny_tokens.bpe()
    assert tokenizer.decode(np.array(a + b, dtype=np.int64)) == tokenizer.decode(np.array(a)) + tokenizer.decode(b)


def words(pattern, text):
    """The words that a tokenizer without merges but with all words as tokens would see."""
    tokenizer = BpeTokenizer(WHOLE, BYTES, [], pattern, 0)
    return list(tokenizer._words(text))


@pytest.mark.parametrize(
    ("pattern", "text", "wanted"),
    [
        ((GPT2,), "Hello world's  12ab\n\n x", ["Hello", " world", "'s", " ", " 12", "ab", "\n\n", " x"]),
        ((DIGIT, GPT2), "a 12  3b ", ["a", " ", "1", "2", "  ", "3", "b", " "]),
        ((LLAMA3,), "I'LL 12345(x)\n y", ["I", "'LL", " ", "123", "45", "(x", ")\n", " y"]),
        ((QWEN2,), "12 \r\n\tx", ["1", "2", " \r\n", "\tx"]),
    ],
)
def test_words(pattern, text, wanted):
    assert words(pattern, text) == wanted


def test_merges_make_the_tokens():
    tokenizer = tiny_tokens.bpe()
    pieces = [tokenizer.pieces[i] for i in tokenizer.encode(b"the the thing \xc3\xa9")]
    assert pieces == [b"the", b" the", b" ", b"th", b"ing", b" ", b"\xc3\xa9"]


def test_bytes_without_a_token_follow_the_vocabulary():
    tokenizer = tiny_tokens.bpe()
    network = len(tiny_tokens.BPE)
    assert tokenizer.vocabulary == network + len(tiny_tokens.MISSING)
    assert tokenizer.encode(bytes(tiny_tokens.MISSING)).tolist() == list(range(network, tokenizer.vocabulary))


def test_a_word_that_is_a_token_needs_no_merge_where_the_vocabulary_says_so():
    ids, pieces = WHOLE | {b" wow": 256}, [*BYTES, b" wow"]
    assert BpeTokenizer(ids, pieces, [], (GPT2,), 0, whole_words=True).encode(b"a wow").tolist() == [97, 256]
    assert BpeTokenizer(ids, pieces, [], (GPT2,), 0).encode(b" wow").tolist() == list(b" wow")


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("smollm", b"a" * 10**6),
        ("llama3", b" " * 10**6 + b"x"),
        ("llama3", b"\n" * 10**6),
        ("smollm", b"\xff" * 10**6),
        ("smollm", b"1" * 10**5),
        ("llama3", np.random.default_rng(1).bytes(10**5)),
    ],
    ids=["letter", "space", "line", "no text", "digits", "random"],
)
def test_much_of_one_kind_takes_seconds(name, data):
    tokenizer = tiny_tokens.bpe(NAMED[name])
    begin = time.perf_counter()
    assert tokenizer.decode(tokenizer.encode(data)) == data
    assert time.perf_counter() - begin < 30  # quadratic: hours


def test_the_cache_is_bounded(monkeypatch):
    monkeypatch.setattr(tokenizer_bpe, "_MOST_CACHED", 10)
    tokenizer = tiny_tokens.bpe()
    tokenizer.encode(" ".join(map(str, range(100))).encode())
    assert len(tokenizer._cache) <= 10


def test_digest_is_that_of_the_tokens():
    same, other = tiny_tokens.bpe((DIGIT, GPT2)), BpeTokenizer(WHOLE, BYTES, [], (GPT2,), 0)
    assert same.digest == tiny_tokens.bpe().digest  # words decide how text is encoded, not what ids mean
    assert other.digest != same.digest
    assert BpeTokenizer(WHOLE, BYTES, [], (GPT2,), 1).digest != other.digest


@pytest.mark.parametrize("ids", [[-1], [10**6], [0, len(tiny_tokens.BPE) + len(tiny_tokens.MISSING)]])
def test_ids_that_do_not_exist(ids):
    with pytest.raises(ValueError, match="token ids"):
        tiny_tokens.bpe().decode(np.array(ids))


def test_ids_that_are_no_integers():
    with pytest.raises(TypeError, match="integers"):
        tiny_tokens.bpe().decode(np.array([1.0]))


def test_bad_vocabularies_are_named():
    with pytest.raises(CorruptError, match="into what is not a token"):
        BpeTokenizer(WHOLE, BYTES, [(b"a", b"b")], (GPT2,), 0)
    with pytest.raises(CorruptError, match="not those of its vocabulary"):
        BpeTokenizer(WHOLE | {b"ab": 256}, BYTES, [], (GPT2,), 0)
    with pytest.raises(UnsupportedError, match=r"pattern '\(a\+\)\+b'"):
        BpeTokenizer(WHOLE, BYTES, [], ("(a+)+b",), 0)
    with pytest.raises(ValueError, match="start token"):
        BpeTokenizer(WHOLE, BYTES, [], (GPT2,), 256)


def test_without_regex_the_error_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "regex", None)
    with pytest.raises(UnsupportedError, match=r"regex.*pip install 'foretell\[pretrained\]'"):
        tiny_tokens.bpe()
