"""foretell.adapters.step_graphs: what is recorded when, and the same bits however a step is launched."""

import warnings

import pytest

torch = pytest.importorskip("torch")

import tiny_transformer as tiny  # noqa: E402  (torch may be missing)
from foretell.adapters import step_graphs  # noqa: E402
from foretell.adapters.step_graphs import Step, StepGraphs  # noqa: E402
from foretell.adapters.transformer_exact import ExactTransformer  # noqa: E402
from transformer_worker import TOKENS, at_once, network  # noqa: E402

LANES, LENGTH = TOKENS.shape
CONFIGS = pytest.mark.parametrize("config", [tiny.LLAMA, tiny.GPT2], ids=["llama", "gpt2"])


class Recorded:
    """As a CUDA graph: each replay reads and writes the memory that it was recorded with."""

    def __init__(self, graphs: StepGraphs, step: Step, visible: int) -> None:
        self.arguments = (graphs._tokens, graphs._place, visible)
        self.step = step
        self.result = step(*self.arguments)
        self.replays = 0

    def replay(self) -> None:
        self.replays += 1
        self.result.copy_(self.step(*self.arguments))


def record(graphs: StepGraphs, step: Step, visible: int) -> tuple[Recorded, "torch.Tensor"]:
    recorded = Recorded(graphs, step, visible)
    return recorded, recorded.result


def add(tokens: "torch.Tensor", place: "torch.Tensor", visible: int) -> "torch.Tensor":
    return 100 * tokens + place


@pytest.fixture
def fewest_8(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    monkeypatch.setattr(step_graphs, "_FEWEST", 8)
    return monkeypatch


@CONFIGS
def test_a_network_says_the_same(config: tiny.TinyConfig, fewest_8: pytest.MonkeyPatch) -> None:
    fewest_8.setattr(StepGraphs, "_record", record)
    decoder = network(ExactTransformer, config)
    whole = at_once(decoder)
    decoder._graphs = graphs = StepGraphs(LANES, decoder.positions, "cpu")
    for start in (0, 5):
        decoder.rewind(start)
        steps = [decoder.step(TOKENS[:, t]) for t in range(start, LENGTH)]
        assert torch.equal(torch.stack(steps, 1), whole[:, start:])
        assert decoder.position == LENGTH
    sizes = {min(size, decoder.positions) for size in (8, 16, 32, 64)}
    assert set(graphs._recorded) == sizes
    assert sum(recorded.replays for recorded, _ in graphs._recorded.values()) == 2 * LENGTH - 5
    with pytest.raises(ValueError, match="tokens: expected 0"):
        decoder.step(torch.full((LANES,), 300))


def test_what_a_graph_reads_stays_where_it_is() -> None:
    decoder = ExactTransformer(tiny.LLAMA, tiny.tensors(tiny.LLAMA), positions=150)
    decoder.begin(1)
    found = []
    for visible in (8, 150):
        decoder.step_at(TOKENS[:1, :1], torch.tensor([0]), visible)
        read = [decoder._rotary._cosines, decoder._rotary._sines, decoder._held[0]._keys]
        found.append([tensor.data_ptr() for tensor in read])
        decoder.begin(1)
    assert found[0] == found[1]
    decoder.begin(2)
    assert decoder._held[0]._keys.data_ptr() not in found[0]  # the control


def test_each_size_is_recorded_once_and_holds_every_position(monkeypatch: pytest.MonkeyPatch) -> None:
    made = []

    def counted(graphs: StepGraphs, step: Step, visible: int) -> tuple[Recorded, "torch.Tensor"]:
        made.append(visible)
        return record(graphs, step, visible)

    monkeypatch.setattr(StepGraphs, "_record", counted)
    graphs = StepGraphs(2, 1000, "cpu")
    tokens = torch.tensor([[3], [4]])
    for position in (0, 255, 256, 511, 512, 999, 0):
        assert graphs.run(add, tokens, position).tolist() == [[300 + position], [400 + position]]
        assert made[-1] > position or position == 0
    assert made == [256, 512, 1000]


def test_a_result_is_the_callers_to_keep(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(StepGraphs, "_record", record)
    graphs = StepGraphs(1, 10, "cpu")
    first = graphs.run(add, torch.tensor([[1]]), 0)
    graphs.run(add, torch.tensor([[2]]), 1)
    assert first.tolist() == [[100]]


def test_where_recording_fails_steps_go_on_with_one_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object) -> None:
        raise RuntimeError("CUDA error: operation not permitted when stream is capturing")

    monkeypatch.setattr(StepGraphs, "_record", fails)
    graphs = StepGraphs(1, 1000, "cpu")
    with pytest.warns(UserWarning, match="CUDA records none: CUDA error: operation not permitted"):
        assert graphs.run(add, torch.tensor([[1]]), 0).tolist() == [[100]]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert graphs.run(add, torch.tensor([[1]]), 700).tolist() == [[800]]


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
@CONFIGS
def test_a_gpu_records_and_says_what_the_cpu_says(config: tiny.TinyConfig, fewest_8: pytest.MonkeyPatch) -> None:
    whole = at_once(network(ExactTransformer, config))
    on_cuda = network(ExactTransformer, config, device="cuda")
    on_cuda.begin(LANES)
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # that recording fails
        for _ in range(2):
            on_cuda.rewind(0)
            steps = [on_cuda.step(TOKENS[:, t]).cpu() for t in range(LENGTH)]
            assert torch.equal(torch.stack(steps, 1), whole)
