from __future__ import annotations

from pathlib import Path

from foretell.lab.tables import TableLearner, probabilities
from foretell.lab.worlds.modular import Division


def learner() -> TableLearner:
    return TableLearner(Division(7), "1,2,16", batch=8, rate=1e-2)


def test_a_run_goes_on_where_it_was(tmp_path: Path) -> None:
    whole, first, second = learner(), learner(), learner()
    history = whole.learn(30, every=7)
    first.learn(14, every=7, checkpoint=tmp_path / "state.pt")
    assert second.learn(30, every=7, checkpoint=tmp_path / "state.pt") == history
    operands = whole.world.examples[:, :2]
    assert (probabilities(second.model, operands) == probabilities(whole.model, operands)).all()
    assert len(history.training) == 30
    assert len(history.held_out) == 5


def test_a_run_that_has_ended_stays_ended(tmp_path: Path) -> None:
    arguments = {"every": 5, "ended": lambda history: len(history.held_out) > 2, "checkpoint": tmp_path / "state.pt"}
    history = learner().learn(100, **arguments)
    assert len(history.training) == 10
    assert learner().learn(100, **arguments) == history


def test_it_learns_its_half_and_not_the_other_half_of_random_labels() -> None:
    student = TableLearner(Division(7, random_labels=True), "1,2,32", rate=1e-2, weight_decay=0.0)
    student.learn(100)
    assert student.accuracy(student.world.training) == 1
    assert student.accuracy(student.world.held_out) < 0.6
    assert student.losses(student.world.training).mean() < 0.1 < student.losses(student.world.held_out).mean()
