"""The head that ships says sensible things of sentences that it was not taught, and knows when it is not at home."""

from __future__ import annotations

import numpy as np
import polars as pl

from heedful.language.heads.blocks import Passage
from heedful.sources import packaged


def read(*texts: str) -> dict[str, Passage]:
    return {"text": Passage(pl.Series(texts), packaged.vocabulary())}


def test_treatment_tells_side_effect_withdrawal_and_benefit() -> None:
    head = packaged.head("treatment")
    found = head.probabilities(
        read(
            "Terrible nausea, no sex drive and night sweats since I started.",
            "Brain zaps and dizziness when I stopped taking it cold turkey.",
            "It saved my life, I feel like myself again.",
            "It did not help my depression at all.",
        )
    )
    at = {label: place for place, label in enumerate(head.recipe.labels)}
    assert found[0, at["ADR"]] > 0.7
    assert np.argmax(found[:, at["WD"]]) == 1
    assert np.argmax(found[:, at["EF"]]) == 2
    assert np.argmax(found[:, at["INF"]]) == 3


def test_other_languages_are_strange_to_it() -> None:
    head = packaged.head("treatment")
    strange = head.strangeness(read("Seit gestern habe ich wieder Kopfschmerzen", "Las vacunas no sirven para nada, dicen en la calle"))
    assert strange > 3 > head.strangeness(read("I have been on this drug for two weeks and I feel sick", "It works for my anxiety"))
