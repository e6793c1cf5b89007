"""Blocks as the tokens of a pretrained network, exact and in floats, and as bytes where that is shorter."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import foretell
import numpy as np
import pytest
import tiny_networks
import tiny_tokens
from foretell import cli_eval, codec
from foretell.adapters.token_bias import RATE
from foretell.adapters.weights import Weights, load
from foretell.cli import main
from foretell.errors import CorruptError, TruncatedError, UnsupportedError

torch = pytest.importorskip("torch")
pytest.importorskip("regex", reason="the package regex is not installed")

from foretell.adapters.language_model import LanguageModel  # noqa: E402  (torch may be missing)
from foretell.adapters.token_model import precision_for  # noqa: E402

ONCE = bytes(range(0x7E, 0x20, -1)).replace(b"t", b"\xff").replace(b"a", b"\xc3\xa9")  # no token twice
TEXT = 4 * ONCE
TOKENIZER = tiny_tokens.bpe()


def knowing(text: bytes, architecture: str = "llama", seed: int = 0) -> Weights:
    """Return a network that knows which token follows which in a text where none comes twice."""
    of = tiny_networks.config(architecture, vocabulary=len(tiny_tokens.BPE))
    of = dataclasses.replace(of, width=64, heads=4, kv_heads=4, head_width=16)
    random = np.random.default_rng(seed)
    tensors = {name: random.integers(-8, 9, shape).astype(np.float32) / 64 for name, shape in of.shapes()}
    tensors |= {name: np.ones(shape, np.float32) for name, shape in of.shapes() if name.endswith("norm")}
    for layer in range(of.layers):
        for part in ("output", "down"):
            tensors[f"layers.{layer}.{part}"] *= 0.125  # the layers say a little, the token itself the most
    tensors["embedding"] = np.sign(random.random((of.vocabulary, of.width)) - 0.5).astype(np.float32)
    ids = TOKENIZER.encode(text)
    seen = np.where(ids < of.vocabulary, ids, TOKENIZER.start)
    for before, after in zip([TOKENIZER.start, *seen[:-1]], ids, strict=True):
        if after < of.vocabulary:
            tensors["classifier"][after] = tensors["embedding"][before] / 12
    return Weights(of, tensors, TOKENIZER, f"{seed:064x}")


def exact(**settings: bool | int) -> LanguageModel:
    return LanguageModel(knowing(ONCE), **settings)


def native(**settings: bool | int) -> LanguageModel:
    return LanguageModel(knowing(ONCE), exact=False, **settings)


@pytest.mark.parametrize("architecture", ["llama", "gpt2"])
@pytest.mark.parametrize("is_exact", [True, False])
def test_what_the_network_knows_costs_little(architecture: str, is_exact: bool) -> None:
    model = LanguageModel(knowing(ONCE, architecture), exact=is_exact)
    archive = foretell.compress(TEXT, model=model)
    again = LanguageModel(knowing(ONCE, architecture), exact=not is_exact)  # the file says which it is
    assert foretell.decompress(archive, model=again) == TEXT
    (info,) = foretell.frame_info(archive)
    assert (info.numerics, info.model) == (("exact/1", "lm-exact/1") if is_exact else ("native", "lm-native/1"))
    # The window is the context, and full several times here.
    assert (info.parameters, info.weights) == (((), model.digest[:8]) if is_exact else ((8, 16, 8, 0), model.digest))
    assert info.payload_bytes < len(TEXT) / 4
    with pytest.raises(foretell.MissingModelError):
        foretell.decompress(archive)


def payload(model: LanguageModel, data: bytes = ONCE) -> bytes:
    return codec.encode_block(model.start(None), data).payload


def test_exact_payloads_are_the_same_however_they_are_made(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("foretell.lane_codec.LANE_BYTES", 16)
    expected = payload(exact())
    assert expected[0] == 0  # as tokens
    by_step = exact().start(None)
    by_step._ahead = False
    assert codec.encode_block(by_step, ONCE).payload == expected
    monkeypatch.setattr("foretell.adapters.token_model._MOST_LOGITS", 5000)  # four steps ahead
    assert payload(exact()) == expected
    for threads in (1, 2):
        before = torch.get_num_threads()
        torch.set_num_threads(threads)
        try:
            assert payload(exact()) == expected
            assert codec.decode_block(exact().start(None), expected, len(ONCE)) == ONCE
        finally:
            torch.set_num_threads(before)
    # Controls: what should count does.
    assert payload(LanguageModel(knowing(ONCE, seed=1))) != expected
    assert payload(exact(window=12)) != expected
    assert payload(exact(lanes=2)) != expected
    assert payload(native()) != expected


def test_floats_are_refused_on_other_threads() -> None:
    before = torch.get_num_threads()
    archive = foretell.compress(TEXT, model=native())
    torch.set_num_threads(before + 1)
    try:
        with pytest.raises(foretell.ModelMismatchError, match=f"threads: {before} in the file, {before + 1} here"):
            foretell.decompress(archive, model=native())
    finally:
        torch.set_num_threads(before)


@pytest.mark.parametrize("make", [exact, native])
def test_foreign_data_cost_no_more_than_elsewhere(make) -> None:
    zeros, noise = bytes(5000), np.random.default_rng(0).bytes(3000)
    assert len(foretell.compress(zeros, model=make())) < 200
    assert len(foretell.compress(noise, model=make())) <= len(noise) + 60
    mixed = ONCE + zeros[:200] + noise[:95] + ONCE
    archive = foretell.compress(mixed, model=make(), block_size=len(ONCE))
    assert foretell.decompress(archive, model=make()) == mixed


def test_ideal_bits_are_those_of_the_network() -> None:
    model = native(window=200).start(None)
    block = codec.encode_block(model, ONCE)
    ids = TOKENIZER.encode(ONCE)
    known = ids < len(tiny_tokens.BPE)
    network = model._network
    network.begin(1)
    inputs = np.concatenate([[TOKENIZER.start], np.where(known, ids, TOKENIZER.start)[:-1]])
    p = torch.log_softmax(network.forward(torch.from_numpy(inputs[None]))[0].double(), -1).numpy()
    bits = (
        -p[np.flatnonzero(known), ids[known]].sum() / np.log(2) + precision_for(TOKENIZER.vocabulary) * (~known).sum()
    )
    assert block.ideal_bits == pytest.approx(bits, abs=0.2)
    assert 8 * len(block.payload) <= block.ideal_bits + 8 * (2 + 4)


@pytest.mark.parametrize(("vocabulary", "precision"), [(257, 23), (512, 23), (32000, 26), (49152, 26), (262144, 27)])
def test_the_precision_balances_what_slots_and_the_coder_cost(vocabulary: int, precision: int) -> None:
    def cost(bits: int) -> float:
        return vocabulary / (np.log(2) * 2.0**bits) + 0.002 * 2.0 ** (bits - 28)

    assert precision_for(vocabulary) == precision
    assert cost(precision) < 1.35 * min(map(cost, range(16, 32)))
    assert cost(precision + 3) > 2 * cost(precision) < cost(precision - 3)  # the control


def test_payloads_that_no_encoder_wrote() -> None:
    good = payload(exact())
    for bad, error, told in (
        (b"", TruncatedError, "first byte"),
        (b"\x02" + good[1:], CorruptError, "kind 2"),
        (b"\0", TruncatedError, "number of tokens"),
        (b"\0\0" + good[2:], CorruptError, "0 tokens"),
        (b"\0\x7f" + good[2:], CorruptError, "127 tokens for a block of"),
        (good[:-2], (TruncatedError, CorruptError), None),
    ):
        with pytest.raises(error, match=told):
            codec.decode_block(exact().start(None), bad, len(ONCE))
    with pytest.raises(CorruptError, match=f"of {len(ONCE)} bytes for a block of {len(ONCE) + 1}"):
        codec.decode_block(exact().start(None), good, len(ONCE) + 1)


def test_the_command_takes_a_model(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    known, other = knowing(ONCE), knowing(ONCE, seed=1)
    model = str(tiny_networks.write_gguf(tmp_path / "model.gguf", known.config, dict(known.tensors)))
    stranger = str(tiny_networks.write_gguf(tmp_path / "other.gguf", other.config, dict(other.tensors)))
    file = tmp_path / "file"
    file.write_bytes(TEXT)
    for how, plan in (
        ([], ()),
        (["--adapt"], (8, 16, 8, RATE)),
        (["--lanes", "2"], (2, 16, 8, 0)),
        (["--native"], (8, 16, 8, 0)),
    ):
        assert main(["-f", "--model", model, *how, str(file)]) == 0
        archive = f"{file}.fore"
        assert foretell.frame_info(Path(archive).read_bytes())[0].parameters == plan
        assert Path(archive).stat().st_size < 0.7 * len(TEXT)
        assert main(["-d", "-f", "--model", model, "-o", str(tmp_path / "back"), archive]) == 0
        assert (tmp_path / "back").read_bytes() == TEXT
    assert main(["-lv", archive]) == 0
    digest = LanguageModel(load(model)).digest.hex()
    listed = capfd.readouterr().out
    assert digest in listed
    assert "threads" in listed
    for arguments, told in (
        (["-t", archive], f"SHA-256 {digest}"),
        (["-t", "--model", stranger, archive], "the very same weights"),
        (["-t", "--model", str(file), archive], "neither a GGUF file nor"),
        (["-t", "--model", str(tmp_path / "absent"), archive], "absent: No such file"),
        (["-t", "--model", model, "--device", "nothing", archive], "device 'nothing' cannot be used"),
        (["-c", "--model", model, "--lanes", "5000", archive], "lanes is 5000, this network takes 1 to 4096"),
    ):
        assert main(arguments) == 1
        assert told in capfd.readouterr().err
    for option in (["--native"], ["--adapt"], ["--lanes", "0"]):
        with pytest.raises(SystemExit):
            main([*option, str(file)])
        assert f"{option[0]} goes with --model" in capfd.readouterr().err


def test_evaluation_counts_tokens_and_weights(tmp_path: Path) -> None:
    known = knowing(ONCE)
    model = tiny_networks.write_gguf(tmp_path / "model.gguf", known.config, dict(known.tensors))
    file, out = tmp_path / "file", tmp_path / "out.json"
    file.write_bytes(ONCE + bytes(400))  # the network knows nothing of the second part, and other models much
    costs = {}
    for more in ([], ["--adapt"], ["--foreign"], ["--native"]):
        assert cli_eval.main([str(model), str(file), "--restore", "--json", str(out), *more]) == 0
        report = json.loads(out.read_text())
        weights = model.stat().st_size
        assert report["weights_bytes"] == weights
        assert report["total_with_weights"]["file_bytes"] == report["total"]["file_bytes"] + weights
        costs[" ".join(more)] = report["total"]
    block = codec.encode_block(LanguageModel(load(model), tokens_only=True).start(None), file.read_bytes())
    assert costs[""]["ideal_bits"] == block.ideal_bits
    assert costs["--adapt"]["ideal_bits"] != block.ideal_bits
    assert costs["--native"]["ideal_bits"] == pytest.approx(block.ideal_bits, rel=0.02)
    assert costs["--foreign"]["ideal_bits"] < block.ideal_bits / 2


def test_plans_have_ranges() -> None:
    for settings, told in (
        ({"lanes": 0}, "lanes is 0"),
        ({"lanes": 5000}, "lanes is 5000"),
        ({"window": 0}, "window is 0"),
        ({"window": 1 << 17}, "window is 131072"),
    ):
        with pytest.raises(ValueError, match=told):
            exact(**settings)
    with pytest.raises(ValueError, match="takes 1 to 16"):
        LanguageModel(knowing(ONCE, "gpt2"), window=17)
    for name, parameters, memory, told in (
        ("lm-exact/1", {"lanes": 1, "window": 8, "overlap": 8, "adapt": 0}, None, "overlap is 8"),
        ("lm-exact/1", {"lanes": 4096, "window": 1 << 16, "overlap": 0, "adapt": 1}, None, "MiB of memory"),
        ("lm-exact/1", {"lanes": 1, "window": 16, "overlap": 0, "adapt": 0}, 1000, "the limit is"),
        ("lm-exact/1", {"lanes": 1, "window": 16, "overlap": 0, "adapt": 4096}, None, "adapt is 4096"),
        ("mix/1", {}, None, "not one that these weights make"),
    ):
        with pytest.raises(UnsupportedError, match=told):
            exact().rebuild(name, parameters, device="cpu", memory=memory)


def test_default_plans_are_brief() -> None:
    default = {"lanes": 8, "window": 16, "overlap": 8, "adapt": 0}  # of a network of 16 tokens
    assert exact().rebuild("lm-exact/1", {}, device="cpu", memory=None).parameters() == default
    for model, brief in (
        (exact(), True),
        (exact(lanes=8, window=16), True),
        (exact(lanes=4), False),
        (exact(window=15), False),
        (exact(adapt=True), False),
        (native(), False),
    ):
        assert model.brief is brief
        archive = foretell.compress(ONCE, model=model)
        assert (foretell.frame_info(archive)[0].weights == model.digest[:8]) is brief
        assert foretell.decompress(archive, model=model) == ONCE


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
@pytest.mark.parametrize("architecture", ["llama", "gpt2"])
def test_files_of_cpu_and_cuda_are_the_same(architecture: str) -> None:
    weights = knowing(ONCE, architecture)
    on_cpu, on_cuda = LanguageModel(weights, window=50), LanguageModel(weights, window=50, device="cuda")
    archive = foretell.compress(TEXT, model=on_cpu)
    assert foretell.compress(TEXT, model=on_cuda) == archive
    assert foretell.decompress(archive, model=on_cuda) == TEXT
