"""`heedful learn`."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

from heedful.cli.console import emit, say, table
from heedful.core.errors import SettingsError
from heedful.language.heads.cards import HeadCard
from heedful.loops.learning import card_of, learn_head, learnable


def learn(head: str, data: Path | None, out: Path | None, json: bool) -> None:
    """Learn a head and say what it reached out of fold; or list the heads, or show one with its results."""
    if head == "list":
        _list(json)
        return
    if head == "show":
        raise SettingsError("Say which head: heedful learn show HEAD.")
    if data is None:
        raise SettingsError(f"Say where the set of {head} is: heedful learn {head} --data FOLDER.")
    made = learn_head(head, data, out or Path(f"{head}.npz"))
    if json:
        emit({"path": made.path, "bytes": made.size, "card": asdict(made.card), "out_of_fold": [asdict(one) for one in made.out_of_fold]})
        return
    columns = ["label", "metric", "value", "AUC", "calibration error", "right when sure", "right when unsure", "C", "sees"]
    rows = [
        [
            one.label,
            one.metric,
            *(f"{value:.3f}" for value in (one.value, one.auc, one.error, one.sure, one.unsure)),
            one.strength,
            one.inputs,
        ]
        for one in made.out_of_fold
    ]
    table(f"{head}, on rows of the training set that the model did not see", columns, rows)
    _card(made.card)
    say(f"Written: {made.path} ({made.size:,} bytes).")


def _list(json: bool) -> None:
    cards = learnable()
    if json:
        emit({"heads": [asdict(card) for card in cards]})
        return
    for card in cards:
        _card(card)


def show(head: str, json: bool) -> None:
    """A head's card with what it reached on test rows, by label and group, and on other sets."""
    card, lines, cells = card_of(head)
    if json:
        emit({"card": asdict(card), "results": [asdict(line) for line in lines], "transfer": [asdict(cell) for cell in cells]})
        return
    _card(card)
    rows = [
        [line.by, line.group, line.n, line.metric, *map(_figure, (line.value, line.auc, line.error, line.unsure, line.sure_right,
                                                                   line.unsure_right))]
        for line in lines
    ]  # fmt: skip
    table(f"{head}, test rows", ["by", "group", "n", "metric", "value", "AUC", "ECE", "abstains", "sure", "unsure"], rows)
    say("ECE: calibration error; abstains: share of answers; sure, unsure: share of right answers outside and inside of these.")
    table(f"{head}, other registers", ["question", "set", "n", "AUC, 95 %"],
          [[cell.question, cell.judged, cell.n, f"{cell.auc:.3f} [{cell.low:.3f}, {cell.high:.3f}]"] for cell in cells])  # fmt: skip


def _figure(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"


def _card(card: HeadCard) -> None:
    say(f"{card.name}: {card.says}")
    say(f"  data: {card.data}; licence: {card.licence}; weights ship: {'yes' if card.ships else 'no'}")
    say(f"  register: {card.register}; split: {card.split}; limits: {card.limits}")
