"""The parts of model mix/1 that ablation.py takes out, one at a time: edits of the source, each of one place.

An edit that no longer finds its place is an error (tests/test_ablation.py looks): whoever changes a part here meets it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

CONTEXTS = "cpp/src/experts/context_sets.hpp"
PREDICTOR = "cpp/src/experts/byte_predictor.hpp"
CELLS = "cpp/src/experts/cells.hpp"
LAYOUT = "cpp/src/mix_layout.cpp"
LEVELS = "python/foretell/models/mix_parameters.py"

BOTH = ("text", "records")  # what level 5 serves

Edit = Callable[[str], str]


@dataclass(frozen=True)
class Part:
    """Something of which the worth is asked.

    Attributes
    ----------
    group, name : str
    kinds : tuple of str
        Which kinds of files can show it: "text", "records", "light".
    edits : tuple of (str, Edit)
        Files of the source, and what takes the part out of them.
    """

    group: str
    name: str
    kinds: tuple[str, ...]
    edits: tuple[tuple[str, Edit], ...]

    def take_out(self, root: Path) -> None:
        """Edit the copy of the source at `root`; ValueError if a place is not there exactly once."""
        for file, edit in self.edits:
            path = root / file
            try:
                path.write_text(edit(path.read_text()))
            except ValueError as error:
                raise ValueError(f"{self.group}, {self.name}: {file}: {error}") from None


def _check_once(text: str, what: str) -> None:
    if text.count(what) != 1:
        raise ValueError(f"{what!r} stands there {text.count(what)} times, expected once")


def replaced(old: str, new: str) -> Edit:
    """Return the edit that puts `new` where `old` stands."""

    def edit(text: str) -> str:
        _check_once(text, old)
        return text.replace(old, new)

    return edit


def _items(text: str, head: str) -> tuple[int, list[str], int]:
    """Return where the list in braces behind `head` starts, its items, and where it ends."""
    _check_once(text, head)
    start = text.index(head) + len(head)
    depth, items, place = 0, [""], start
    while depth or text[place] != "}":
        letter = text[place]
        depth += (letter in "([{") - (letter in ")]}")
        if letter == "," and not depth:
            items.append("")
        else:
            items[-1] += letter
        place += 1
    return start, [" ".join(item.split()) for item in items], place


def _without_item(head: str, index: int) -> Edit:
    def edit(text: str) -> str:
        start, items, end = _items(text, head)
        return text[:start] + ", ".join(items[:index] + items[index + 1 :]) + text[end:]

    return edit


def _set_body(text: str, name: str) -> tuple[int, int]:
    start = text.index(f"struct {name} {{")
    return start, text.index("\n};", start)


_CONTEXT = re.compile(r"out\[(?:k\+\+|\d)\] =\s*([^;]+);")


def _nothing_for_context(name: str, index: int) -> Edit:
    """The context's value is always the same: it tells no more than order 0 does."""

    def edit(text: str) -> str:
        start, end = _set_body(text, name)
        place = list(_CONTEXT.finditer(text, start, end))[index]
        return text[: place.start(1)] + "0" + text[place.end(1) :]

    return edit


def _nothing_for_order(name: str, order: int) -> Edit:
    def edit(text: str) -> str:
        start, end = _set_body(text, name)
        return (
            text[:start]
            + replaced("= past.last(order);", f"= order == {order} ? 0 : past.last(order);")(text[start:end])
            + text[end:]
        )

    return edit


def _without_last_context(name: str) -> Edit:
    """One context fewer, to see the time that one takes."""

    def edit(text: str) -> str:
        start, end = _set_body(text, name)
        last = list(_CONTEXT.finditer(text, start, end))[-1]
        text = text[: last.start()] + text[last.end() :]
        count = re.compile(r"(kContexts = )(\d+)")
        found = count.search(text, start)
        assert found is not None
        return text[: found.start(2)] + str(int(found[2]) - 1) + text[found.end(2) :]

    return edit


def _contexts(root: Path, name: str, kind: str) -> Iterator[Part]:
    text = (root / CONTEXTS).read_text()
    start, end = _set_body(text, name)
    group = f"contexts, {kind}"
    orders = re.search(r"kOrders = (\d+)", text[start:end])
    assert orders is not None
    if "past.last(order)" in text[start:end]:
        for order in range(1, int(orders[1]) + 1):
            yield Part(group, f"order {order}", (kind,), ((CONTEXTS, _nothing_for_order(name, order)),))
    for index, found in enumerate(_CONTEXT.finditer(text, start, end)):
        if found[1] not in ("past.last(order)", "0", "value | known << 32 | (25 + i) << 56"):
            value = " ".join(found[1].split())
            yield Part(group, f"`{value}`", (kind,), ((CONTEXTS, _nothing_for_context(name, index)),))


_MIXER_ROWS = "std::array<std::size_t, kSets> rows = {"
_MIXER_SIZES = "kRows = {"


def _mixers(root: Path) -> Iterator[Part]:
    text = (root / PREDICTOR).read_text()
    _, rows, _ = _items(text, _MIXER_ROWS)
    for index, row in enumerate(rows):
        edits = (
            _without_item(_MIXER_ROWS, index),
            _without_item(_MIXER_SIZES, index),
            replaced("kSets = Set::kLight ? 2 : 9", "kSets = Set::kLight ? 2 : 8"),
        )
        yield Part("mixers, weights by", f"`{row}`", BOTH, tuple((PREDICTOR, edit) for edit in edits))


def parts(root: Path) -> list[Part]:
    """Return all parts of the source at `root`."""

    def of(
        group: str, name: str, kinds: tuple[str, ...], old: str, new: str, file: str = PREDICTOR, *more: tuple[str, str]
    ) -> Part:
        edits = [(file, replaced(old, new)), *((file, replaced(*pair)) for pair in more)]
        return Part(group, name, kinds, tuple(edits))

    network = "chunk=32, row_bits=20, run_bits=20, width=32, hidden=128"
    finals = (
        "logit = (finals_[0].mix(partial, mixed_.data()) + finals_[1].mix(byte1 << 3 | bit_number, mixed_.data()) +\n"
        "               finals_[2].mix(far_now << 3 | bit_number, mixed_.data())) /\n"
        "              3;"
    )
    average = (
        "logit = 0;\n"
        "      for (std::size_t i = 0; i < kSets; ++i) {\n"
        "        logit += mixed_[i];\n"
        "      }\n"
        "      logit /= static_cast<int>(kSets);"
    )
    learn_finals = "    for (auto& final : finals_) {\n      final.learn(mixed_.data(), bit, final_rate);\n    }\n"
    maps = "(2 * squash(logit) + 3 * by_byte_.refine(context1, logit) + 3 * by_pair_.refine(context2, logit)) >> 3"
    first = "(5 * squash(logit) + 3 * by_pair_.refine(context2, logit)) >> 3"
    learn, learn_pair, has_pair = "    by_byte_.learn(bit);\n", "by_pair_.learn(bit);", "kHasPairMap = !Set::kLight"
    second = "(5 * squash(logit) + 3 * by_byte_.refine(context1, logit)) >> 3"
    return [
        of("network", "all of it", BOTH, f", {network}", "", LEVELS),
        of("network", "width 16, hidden 32", BOTH, network, network.replace("32, hidden=128", "16, hidden=32"), LEVELS),
        of(
            "network",
            "its logit's own weights",
            BOTH,
            "static_cast<std::size_t>((network + kLogitLimit) >> 8) << 3 | bit_number}",
            "bit_number}",
        ),
        of("inputs", "probability of a cell", BOTH, "*input++ = stretch(cell >> 16) & known;", "*input++ = 0;"),
        of(
            "inputs",
            "what a bit history means",
            BOTH,
            "*input++ = stretch(adaptive_probability(histories_[i][history])) & known;",
            "*input++ = 0;",
        ),
        of("inputs", "runs", BOTH, "kHasRuns = !Set::kLight", "kHasRuns = false"),
        of("inputs", "far match", BOTH, "*input++ = far_bit != 0 ? far_logit : -far_logit;", "*input++ = 0;"),
        of("inputs", "near match", BOTH, "*input++ = near_bit != 0 ? near_logit : -near_logit;", "*input++ = 0;"),
        of("inputs", "a constant", BOTH, "*input++ = 256;", "*input++ = 0;"),
        *_mixers(root),
        of("second layer", "all of it (their average)", BOTH, finals, average, PREDICTOR, (learn_finals, "")),
        of("second layer", "weights by partial byte", BOTH, "finals_[0].mix(partial, ", "finals_[0].mix(0, "),
        of(
            "second layer",
            "weights by last byte",
            BOTH,
            "finals_[1].mix(byte1 << 3 | bit_number, ",
            "finals_[1].mix(0, ",
        ),
        of(
            "second layer",
            "weights by match length",
            BOTH,
            "finals_[2].mix(far_now << 3 | bit_number, ",
            "finals_[2].mix(0, ",
        ),
        of(
            "final maps", "both", BOTH, maps, "squash(logit)", PREDICTOR, (learn, ""), (has_pair, "kHasPairMap = false")
        ),
        of("final maps", "by last byte", BOTH, maps, first, PREDICTOR, (learn, "")),
        of("final maps", "by last two bytes", BOTH, maps, second, PREDICTOR, (learn_pair, "")),
        of(
            "final maps",
            "the one",
            ("light",),
            "(squash(logit) + by_byte_.refine(context1, logit)) >> 1",
            "squash(logit)",
        ),
        of("learning", "rate that falls", BOTH, "(4096 + (seen_ < (1U << 26) ? seen_ : (1U << 26)) / 4)", "(4096 * 4)"),
        of(
            "cells",
            "check of the context",
            (*BOTH, "light"),
            "(cell & 255) == check && (cell & 0xff00) != 0",
            "(cell & 0xff00) != 0",
            CELLS,
        ),
        of(
            "cells",
            "ageing before giving away",
            (*BOTH, "light"),
            "kBitHistories.count[other] > 1",
            "false",
            CELLS,
        ),
        of("block", "filters", ("records",), "layout.filter = found.filter;", "", LAYOUT),
        of(
            "block",
            "contexts of records",
            ("records",),
            "layout.contexts.records = found.kind == BlockKind::kColumns || found.kind == BlockKind::kX86;",
            "layout.contexts.records = false;",
            LAYOUT,
        ),
        Part("time of one context", "the last of text", ("text",), ((CONTEXTS, _without_last_context("TextSet")),)),
        Part("time of one context", "the last of light", ("light",), ((CONTEXTS, _without_last_context("LightSet")),)),
        *_contexts(root, "LightSet", "light"),
        *_contexts(root, "TextSet", "text"),
        *_contexts(root, "RecordSet", "records"),
    ]
