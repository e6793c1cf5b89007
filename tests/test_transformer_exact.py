"""foretell.adapters.transformer_exact: close to float64, and the same bits however, wherever and with whom it runs."""

import dataclasses
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")

import tiny_transformer as tiny  # noqa: E402  (torch may be missing)
from foretell import cdf, exact  # noqa: E402
from foretell.adapters.transformer_exact import ExactTransformer  # noqa: E402
from foretell.exact import native  # noqa: E402
from transformer_worker import TOKENS, at_once, digest, network  # noqa: E402

WORKER = Path(__file__).with_name("transformer_worker.py")
SETTINGS = [
    {"FORETELL_ISA": "scalar", "ATEN_CPU_CAPABILITY": "default", "MKL_CBWR": "COMPATIBLE"},
    {"FORETELL_ISA": "avx2", "ATEN_CPU_CAPABILITY": "avx2"},
    {},
]
CONFIGS = pytest.mark.parametrize("config", [tiny.LLAMA, tiny.GPT2, tiny.UNTIED], ids=["llama", "gpt2", "untied"])


@CONFIGS
def test_logits_are_close_to_the_formulas(config: tiny.TinyConfig) -> None:
    arrays = tiny.tensors(config)
    logits = at_once(network(ExactTransformer, config))
    assert logits.dtype == torch.int32
    for lane in range(len(TOKENS)):
        expected = tiny.logits(config, arrays, TOKENS[lane].numpy()) / np.log(2) * 1024
        assert float(np.abs(logits[lane].numpy() - expected).max()) < 8  # units of 2^-10


@CONFIGS
def test_perplexity_is_that_of_the_formulas(config: tiny.TinyConfig) -> None:
    # The network itself says which tokens come, so that the cross-entropy is low enough to notice a difference.
    arrays = tiny.tensors(config)
    exact_network = network(ExactTransformer, config)
    generator = np.random.default_rng(2)
    tokens, costs = [7], []
    exact_network.begin(1)
    for _ in range(60):
        row = exact_network.step(torch.tensor(tokens[-1:]))[0].double() * (np.log(2) / 1024)
        p = torch.softmax(row, -1).numpy()
        tokens.append(int(generator.choice(300, p=p)))
        costs.append(-np.log(p[tokens[-1]]))
    reference = tiny.logits(config, arrays, np.array(tokens[:-1]))
    reference -= np.log(np.exp(reference).sum(-1, keepdims=True))
    expected = -reference[np.arange(60), tokens[1:]]
    assert abs(float(np.mean(costs) - expected.mean())) < 1e-3  # nats: 0.1 % of the perplexity


@CONFIGS
def test_steps_pieces_lanes_and_room_change_no_bit(config: tiny.TinyConfig) -> None:
    decoder = network(ExactTransformer, config)
    whole = at_once(decoder)
    decoder.rewind(0)
    steps = [decoder.step(TOKENS[:, t]) for t in range(TOKENS.shape[1])]
    assert torch.equal(torch.stack(steps, 1), whole)
    decoder.rewind(5)
    decoder.feed(TOKENS[:, 5:17])
    assert torch.equal(decoder.forward(TOKENS[:, 17:30]), whole[:, 17:30])
    roomy = ExactTransformer(config, tiny.tensors(config), positions=41)
    for lane in range(len(TOKENS)):
        roomy.begin(1)
        assert torch.equal(roomy.forward(TOKENS[lane : lane + 1])[0], whole[lane])


def test_a_users_settings_change_no_bit() -> None:
    decoder = network(ExactTransformer, tiny.LLAMA)
    whole = at_once(decoder)
    threads, precision, dtype = torch.get_num_threads(), torch.get_float32_matmul_precision(), torch.get_default_dtype()
    try:
        for count in (1, 2):
            torch.set_num_threads(count)
            assert torch.equal(at_once(decoder), whole)
        torch.set_float32_matmul_precision("medium")
        torch.set_flush_denormal(True)
        assert torch.equal(at_once(decoder), whole)
        assert torch.equal(at_once(network(ExactTransformer, tiny.LLAMA)), whole)
        torch.set_default_dtype(torch.float64)
        with torch.autocast("cpu", dtype=torch.bfloat16), torch.device("meta"):
            assert torch.equal(at_once(network(ExactTransformer, tiny.LLAMA)), whole)
    finally:
        torch.set_num_threads(threads)
        torch.set_float32_matmul_precision(precision)
        torch.set_flush_denormal(False)
        torch.set_default_dtype(dtype)


def test_every_simd_level_gives_the_same_bits_and_floats_do_not() -> None:
    reports = []
    for settings in SETTINGS:
        environment = {key: value for key, value in os.environ.items() if key not in SETTINGS[0]} | settings
        command = [sys.executable, str(WORKER)]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        reports.append(json.loads(done.stdout))
    for name in ("llama", "gpt2"):
        assert len({digest for report in reports for digest in report["exact"][name]}) == 1
    floats = {digest for report in reports for digest in report["float"]["llama"]}
    assert len(floats) > 1, "the control is worthless: floats gave the same logits under every switch"


def test_the_digest_of_today() -> None:
    # Logits that files rest on: a change of any of these needs a new numerics version.
    digests = json.loads(Path(__file__).with_name("transformer_digests.json").read_text())
    for name, config in (("llama", tiny.LLAMA), ("gpt2", tiny.GPT2)):
        assert digest(at_once(network(ExactTransformer, config))) == digests[name]


@CONFIGS
def test_what_a_gpu_computes_is_the_same(config: tiny.TinyConfig, monkeypatch: pytest.MonkeyPatch) -> None:
    decoder = network(ExactTransformer, config)
    whole = at_once(decoder)
    monkeypatch.setattr(native, "takes", lambda x: False)
    assert torch.equal(at_once(decoder), whole)


@CONFIGS
def test_steps_as_a_graph_holds_them_are_the_same(config: tiny.TinyConfig, monkeypatch: pytest.MonkeyPatch) -> None:
    decoder = network(ExactTransformer, config)
    whole = at_once(decoder)
    monkeypatch.setattr(native, "takes", lambda x: False)
    decoder.begin(len(TOKENS))
    visible = TOKENS.shape[1]
    for t in range(visible):
        logits = decoder.step_at(TOKENS[:, t : t + 1], torch.tensor([t]), visible)
        assert torch.equal(logits[:, 0], whole[:, t])
    assert decoder.position == 0


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
@CONFIGS
def test_cpu_and_cuda_give_the_same_bits(config: tiny.TinyConfig) -> None:
    whole = at_once(network(ExactTransformer, config))
    on_cuda = network(ExactTransformer, config, device="cuda")
    assert torch.equal(at_once(on_cuda).cpu(), whole)
    on_cuda.rewind(0)
    steps = [on_cuda.step(TOKENS[:, t].cuda()).cpu() for t in range(TOKENS.shape[1])]
    assert torch.equal(torch.stack(steps, 1), whole)


def test_large_vocabularies_have_cdfs() -> None:
    generator = np.random.default_rng(0)
    logits = torch.from_numpy(generator.normal(size=(3, 49_152)) * 3000).to(torch.int32)
    for precision in (24, 30):
        made = exact.cdf_from_logits(logits, precision)
        assert np.array_equal(made.numpy(), cdf.from_logits(logits.numpy(), precision))
        cdf.check(np.ascontiguousarray(made.numpy().astype(np.uint32)), precision)
    # What the quantiser costs: expected bits beyond the entropy.
    p = torch.softmax(logits.double() * (np.log(2) / 1024), -1).numpy()
    for precision, most in ((24, 0.01), (28, 0.001)):
        freq = np.diff(cdf.from_logits(logits.numpy(), precision).astype(np.int64))
        assert float((p * (np.log2(p) - np.log2(freq / 2.0**precision))).sum(-1).max()) < most


def test_positions_are_those_that_attention_is_exact_over() -> None:
    arrays = tiny.tensors(tiny.LLAMA)
    assert ExactTransformer(dataclasses.replace(tiny.LLAMA, context=1 << 20), arrays).positions == 65_536
    with pytest.raises(ValueError, match="positions: attention is exact over 65536, not 65537"):
        ExactTransformer(tiny.LLAMA, arrays, positions=65_537)


def test_bad_weights_are_named() -> None:
    for name, place in (("embedding", "embedding"), ("layers.1.up", r"layers.1.gate and up"), ("norm", "norm")):
        arrays = tiny.tensors(tiny.LLAMA)
        arrays[name][..., 3] = np.nan
        with pytest.raises(ValueError, match=f"^{place}: weights: a number is not finite"):
            ExactTransformer(tiny.LLAMA, arrays)
