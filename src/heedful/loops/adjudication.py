"""The optional adjudicator: de-identified texts that the built-in head is unsure of go, within a budget, to an endpoint of choice.

Off by default. Its answers are kept apart (`heedful.store.answer_book`) and never replace those of the head.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime

import numpy as np
import numpy.typing as npt
import polars as pl

from heedful.core.frames import Frame, checked
from heedful.core.labels import Consented, Public, Research
from heedful.core.schemas import Diary, Posts
from heedful.language.adjudication import LABELS, PROMPT_PRINT, SCHEMA, RefusedAnswerError, agreement, messages, read_answer
from heedful.language.heads.blocks import Passage
from heedful.language.heads.head import UNSURE, Head
from heedful.language.reading import english, read
from heedful.language.vocabulary import Vocabulary
from heedful.sources.endpoint import ChatEndpoint, EndpointError
from heedful.store.answer_book import AnswerBook
from heedful.trust.deidentify import deidentify

GIVE_UP_AFTER = 3
"""Calls that fail one after another before a run stops: an endpoint that is down is not hammered."""


@dataclass(frozen=True)
class Budget:
    """What may be spent a day: calls, and characters sent (question included). longest: characters of a text; a longer one is not sent."""

    calls_a_day: int = 200
    characters_a_day: int = 400_000
    longest: int = 2_000


@dataclass
class Run:
    """What a run did. texts: that name a drug; unsure: of these; known: answered before; refused: by reason; stopped: why."""

    texts: int = 0
    unsure: int = 0
    too_long: int = 0
    known: int = 0
    asked: int = 0
    answered: int = 0
    refused: dict[str, int] = field(default_factory=dict)
    stopped: str = ""


@dataclass(frozen=True, eq=False)
class Doubts:
    """De-identified texts that the head is unsure of, and what it would say of each: shape (texts, labels)."""

    texts: pl.Series
    built_in: npt.NDArray[np.bool_]
    of: int


@checked
def doubts_in_posts(posts: Frame[Public, Posts], head: Head, vocabulary: Vocabulary) -> Doubts:
    """Doubts in public posts."""
    return _doubts(posts.data, head, vocabulary)


@checked
def doubts_in_diaries(diary: Frame[Consented[Research], Diary], head: Head, vocabulary: Vocabulary) -> Doubts:
    """Doubts in diary entries whose writers agreed to research; entries for care or surveillance do not type-check here."""
    return _doubts(diary.data, head, vocabulary)


def _doubts(rows: pl.DataFrame, head: Head, vocabulary: Vocabulary) -> Doubts:
    texts = deidentify(rows.filter(english(pl.col("language")))["text"]).drop_nulls().unique(maintain_order=True)
    found = read(texts, vocabulary)
    naming = texts.gather(found.filter(pl.col("type") == "drug")["row"].unique().sort())
    if not naming.len():
        return Doubts(naming, np.zeros((0, len(LABELS)), np.bool_), 0)
    fields = {"text": Passage(naming, vocabulary)}
    unsure = np.flatnonzero((head.answers(fields, unsure=True) == UNSURE).any(axis=1))
    said = head.answers(fields) == 1
    return Doubts(naming.gather(unsure), said[unsure], naming.len())


def adjudicate(
    doubts: Doubts, endpoint: ChatEndpoint, book: AnswerBook, budget: Budget, clock: Callable[[], datetime], *, most: int | None = None
) -> Run:
    """Ask for every doubt that has no answer yet, in order, until the day's budget (or `most` calls) is spent."""
    keys = [book.key(text, PROMPT_PRINT, endpoint.model, endpoint.host) for text in doubts.texts]
    known = book.answers(keys)
    run = Run(texts=doubts.of, unsure=len(keys), known=sum(key in known for key in keys))
    failed = 0
    for key, text in zip(keys, doubts.texts, strict=True):
        if key in known:
            continue
        if len(text) > budget.longest:
            run.too_long += 1
            continue
        asked = messages(text)
        size = sum(len(message["content"]) for message in asked)
        run.stopped = _spent(book, budget, size, clock().date()) or ("limit of this run" if most is not None and run.asked >= most else "")
        if run.stopped:
            break
        book.spend(clock().date(), size)
        run.asked += 1
        try:
            book.keep(
                key, read_answer(endpoint.ask(asked, SCHEMA)), model=endpoint.model, host=endpoint.host, prompt=PROMPT_PRINT, at=clock()
            )
            run.answered += 1
            failed = 0
        except RefusedAnswerError as refusal:
            _refuse(run, book, str(refusal), clock())
            failed = 0
        except EndpointError as error:
            _refuse(run, book, error.kind, clock())
            failed += 1
            if error.kind == "rate_limited" or failed == GIVE_UP_AFTER:
                why = "the endpoint asks to wait" if error.kind == "rate_limited" else f"{failed} calls failed in a row"
                run.stopped = f"{why} ({error})"
                break
    return run


def compared(doubts: Doubts, endpoint: ChatEndpoint, book: AnswerBook) -> pl.DataFrame:
    """Agreement of this model's answers, to doubts in texts still held, with the built-in head: rows of `agreement`."""
    keys = [book.key(text, PROMPT_PRINT, endpoint.model, endpoint.host) for text in doubts.texts]
    known = book.answers(keys)
    rows = [n for n, key in enumerate(keys) if key in known]
    answers = np.array([[known[keys[n]][label] for label in LABELS] for n in rows], dtype=np.bool_).reshape(-1, len(LABELS))
    return agreement(answers, doubts.built_in[rows])


def _spent(book: AnswerBook, budget: Budget, size: int, day: date) -> str:
    calls, characters = book.spent(day)
    if calls >= budget.calls_a_day:
        return f"the day's budget of {budget.calls_a_day:,} calls is spent"
    if characters + size > budget.characters_a_day:
        return f"the day's budget of {budget.characters_a_day:,} characters is spent"
    return ""


def _refuse(run: Run, book: AnswerBook, reason: str, at: datetime) -> None:
    run.refused[reason] = run.refused.get(reason, 0) + 1
    book.refuse(at.date(), reason)
