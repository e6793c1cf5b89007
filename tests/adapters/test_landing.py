"""foretell.adapters.landing: all rows arrive, once and in order."""

import pytest

torch = pytest.importorskip("torch")

from foretell.adapters import landing  # noqa: E402  (torch may be missing)
from foretell.adapters.landing import Landing  # noqa: E402

DEVICES = [
    "cpu",
    pytest.param("cuda", marks=pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")),
]


@pytest.mark.parametrize("device", DEVICES)
def test_rows_arrive_once_and_in_order(device: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(landing, "_PIECE", 40)
    here = Landing()
    for shape in ((10, 7), (3, 7), (25, 9), (2, 100)):  # the last in pieces of a row, wider than a piece
        numbers = torch.arange(shape[0] * shape[1], dtype=torch.int32).view(shape)
        for repeat in range(2):
            rows = (numbers + repeat).view(torch.uint32).to(device)
            arrived = torch.full(shape, -1, dtype=torch.int32)
            ends = [0]
            for place, piece in here.pieces(rows):
                assert piece.device.type == "cpu"
                assert place.start == ends[-1]
                arrived[place] = piece.view(torch.int32)
                ends.append(place.start + len(piece))
            assert torch.equal(arrived, numbers + repeat)
            assert device == "cpu" or len(ends) > 2 or shape == (3, 7)


def test_rows_of_the_cpu_are_not_copied() -> None:
    rows = torch.zeros((5, 3), dtype=torch.int32)
    ((place, piece),) = Landing().pieces(rows)
    assert place == slice(0, 5)
    assert piece is rows
