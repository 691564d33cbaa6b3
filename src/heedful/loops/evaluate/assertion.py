"""Whether what is said to be there is read as there, and what is said not to be there as absent; rules only, nothing is learned."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

import numpy as np
import polars as pl

from heedful.language.matching import find
from heedful.language.rules import ASSERTIONS
from heedful.language.vocabulary import Vocabulary
from heedful.loops.evaluate.sets import Row, read_set
from heedful.loops.evaluate.tasks import AbsentSetError, Figure, Rows, measure, task
from heedful.sources.packaged import clinical_rules, vocabulary


@dataclass(frozen=True)
class Span:
    """A place in a text, in characters."""

    text: str
    start: int
    end: int

    @property
    def words(self) -> str:
        return self.text[self.start : self.end]

    def bytes(self) -> tuple[int, int]:
        """The same place in bytes."""
        return len(self.text[: self.start].encode()), len(self.text[: self.end].encode())


def called(spans: list[Span], rules: pl.DataFrame, terms: pl.DataFrame | None = None) -> list[str]:
    """What the rules say of each span, "" where it is not found.

    The spans' own words, after `terms` of a vocabulary, are what is looked for; where one of `terms` reaches over a span's edge, it is
    the one that speaks.
    """
    own = pl.DataFrame({"term": sorted({span.words for span in spans})}, schema={"term": pl.String})
    own = own.with_columns(code="term", label="term", type=pl.lit("symptom"))
    known = own if terms is None else pl.concat([own, terms.select(own.columns)])
    texts = list(dict.fromkeys(span.text for span in spans))
    found = find(pl.Series(texts, dtype=pl.String), Vocabulary(known, rules).index).filter(pl.col("term") < known.height)
    said: dict[int, list[tuple[int, int, str]]] = {}
    for post, start, end, how in found.select("post", "start", "end", "assertion").iter_rows():
        said.setdefault(post, []).append((start, end, ASSERTIONS[how]))
    number = {text: i for i, text in enumerate(texts)}
    return [_of_span(said.get(number[span.text], []), *span.bytes()) for span in spans]


def _of_span(said: list[tuple[int, int, str]], start: int, end: int) -> str:
    touching = [(abs(a - start) + abs(b - end), how) for a, b, how in said if a < end and start < b]
    return min(touching)[1] if touching else ""


def gold_spans(rows: list[Row], kind: str) -> list[Span]:
    """The spans of this type that stand in one piece."""
    return [
        Span(row["text"], span["start"], span["end"])
        for row in rows
        for span in row["spans"]
        if span["type"] == kind and not span.get("fragments")
    ]


def _wrongly_absent(name: str, folder: str, baseline: float) -> Callable[[Path, Path], list[Figure]]:
    def run(data: Path, train: Path) -> list[Figure]:
        said = np.array([how for how in called(gold_spans(read_set(data, folder), "ADR"), vocabulary().rules) if how])
        absent = said == "absent"
        return [
            measure(name, "share called absent", absent.size, lambda rows: float(absent[rows].mean()), baseline=baseline, bar=0.01,
                    at_most=True, note="all rows: nothing is learned"),
        ]  # fmt: skip

    return run


task("psytar.side_effects_called_absent")(_wrongly_absent("psytar.side_effects_called_absent", "psytar/sentences", 0.096))
task("cadec.side_effects_called_absent")(_wrongly_absent("cadec.side_effects_called_absent", "cadec/posts", 0.073))


@task("lay.absences_found")
def lay_absences(data: Path, train: Path) -> list[Figure]:
    """The share of real lay absences that are called absent, of all and of those that name a symptom."""
    spans = absence_spans(data)
    found = np.array(called(spans, vocabulary().rules, vocabulary().terms)) == "absent"
    general = np.array([_is_general(span.words) for span in spans])
    name = "lay.absences_found"
    return [
        measure(name, "recall", found.size, lambda rows: float(found[rows].mean()), baseline=0.89, bar=0.85,
                note=f"{general.sum()} of them speak of side effects or problems in general"),
        measure(name, "recall, symptom named", int((~general).sum()), lambda rows: float(found[~general][rows].mean())),
    ]  # fmt: skip


def _is_general(words: str) -> bool:
    return any(part in words.lower() for part in ("effect", "problem", "issue", "symptom", "reaction"))


def absence_spans(data: Path) -> list[Span]:
    """The listed absences (`data/lay_absences.tsv` of the package) that stand in the sets of a folder."""
    listed = pl.read_csv((files("heedful") / "data" / "lay_absences.tsv").read_bytes(), separator="\t", comment_prefix="#")
    spans: list[Span] = []
    for (name,), places in listed.group_by("set", maintain_order=True):
        try:
            rows = {str(row["id"]): row for row in read_set(data, str(name))}
        except AbsentSetError:
            continue
        for key, start, end in places.select("id", "start", "end").iter_rows():
            row, _, field = key.partition("/")
            if row in rows:
                spans.append(Span(rows[row][field or "text"], start, end))
    if not spans:
        raise AbsentSetError(f"{data}: none of the listed lay absences stands in this folder; they are of PsyTAR, CADEC and druglib.")
    return spans


@task("negex.negation")
def negex(data: Path, train: Path) -> list[Figure]:
    """Negation in sentences of clinical reports, with the clinical rules."""
    rows = [row for row in read_set(data, "negex_context/sentences") if row["start"] is not None]
    said = called([Span(row["text"], row["start"], row["end"]) for row in rows], clinical_rules())
    absent, gold = np.array(said) == "absent", np.array([row["negation"] == "Negated" for row in rows])

    def f1(chosen: Rows) -> float:
        a, g = absent[chosen], gold[chosen]
        return float(2 * (a & g).sum() / (a.sum() + g.sum()))

    return [measure("negex.negation", "F1", gold.size, f1, baseline=0.944, bar=0.96, note="clinical rules")]
