"""The adjudicator against a stub on this machine: errors, delays, limits, malformed answers, budget, cache, and a key that is never shown."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from tests.loops.posted_site import post, posted_site
from typer.testing import CliRunner

from heedful.cli.main import app
from heedful.core.errors import LabelError, SettingsError, StoreError
from heedful.core.labels import Care, Consented, Public, Research
from heedful.core.schemas import INSTANT, Diary, Posts
from heedful.core.seals import seal
from heedful.language.adjudication import LABELS, RefusedAnswerError, agreement, kappa, read_answer
from heedful.loops.adjudication import Budget, Doubts, adjudicate, compared, doubts_in_diaries, doubts_in_posts
from heedful.loops.settings import Settings, load_settings
from heedful.sources import packaged
from heedful.sources.endpoint import ChatEndpoint, EndpointError
from heedful.store.answer_book import AnswerBook, Spent

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
KEY = "sk-very-secret-0123456789"
GOOD = dict.fromkeys(LABELS, False) | {"side_effect": True}


def clock() -> datetime:
    return NOW


class Stub:
    """A chat endpoint: `answer` says what the next calls get (status, body); what was asked is kept."""

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.answer: Callable[[dict[str, Any]], tuple[int, bytes]] = lambda body: (200, chat(json.dumps(GOOD)))
        stub = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                stub.asked.append(body)
                stub.headers.append(dict(self.headers))
                status, content = stub.answer(body)
                try:
                    self.send_response(status)
                    if status == 302:
                        self.send_header("Location", content.decode())
                        content = b""
                    self.send_header("Content-Length", str(len(content)))
                    self.end_headers()
                    self.wfile.write(content)
                except (BrokenPipeError, ConnectionResetError):
                    pass  # the client gave up, as the test of timeouts wants

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/v1"
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()


def chat(content: object) -> bytes:
    return json.dumps({"choices": [{"message": {"role": "assistant", "content": content}}]}).encode()


@pytest.fixture
def stub() -> Iterator[Stub]:
    made = Stub()
    yield made
    made.server.shutdown()
    made.server.server_close()


@pytest.fixture
def book(tmp_path: Path) -> Iterator[AnswerBook]:
    with AnswerBook(tmp_path / "answers.sqlite", b"secret") as opened:
        yield opened


def doubts(*texts: str) -> Doubts:
    return Doubts(pl.Series(texts, dtype=pl.String), np.zeros((len(texts), len(LABELS)), np.bool_), len(texts))


def endpoint(stub: Stub, **more: Any) -> ChatEndpoint:
    return ChatEndpoint(stub.url, "small", KEY, **more)


def test_what_is_asked_and_kept(stub: Stub, book: AnswerBook) -> None:
    run = adjudicate(doubts("zoloft made me sick", "prozac"), endpoint(stub), book, Budget(), clock)
    assert (run.asked, run.answered, run.refused, run.stopped) == (2, 2, {}, "")
    sent = stub.asked[0]
    assert sent["model"] == "small"
    assert sent["messages"][1] == {"role": "user", "content": "zoloft made me sick"}
    wanted = sent["response_format"]["json_schema"]
    assert wanted["strict"] is True
    assert wanted["schema"]["additionalProperties"] is False
    assert stub.headers[0]["Authorization"] == f"Bearer {KEY}"
    key = book.key("zoloft made me sick", "p", "m", "h")
    assert book.answers([key]) == {}  # another question, model or host is another answer
    assert book.spent(NOW.date()) == Spent(2, sum(len(m["content"]) for body in stub.asked for m in body["messages"]))


def test_an_answer_is_asked_for_once(stub: Stub, book: AnswerBook) -> None:
    adjudicate(doubts("a", "b"), endpoint(stub), book, Budget(), clock)
    run = adjudicate(doubts("a", "b", "c"), endpoint(stub), book, Budget(), clock)
    assert (run.known, run.asked, len(stub.asked)) == (2, 1, 3)


def test_calls_end_with_the_budget(stub: Stub, book: AnswerBook) -> None:
    run = adjudicate(doubts(*"abcde"), endpoint(stub), book, Budget(calls_a_day=2), clock)
    assert (run.asked, len(stub.asked)) == (2, 2)
    assert "2 calls" in run.stopped
    again = adjudicate(doubts(*"cde"), endpoint(stub), book, Budget(calls_a_day=2), clock)
    assert again.asked == 0
    tomorrow = adjudicate(doubts(*"cde"), endpoint(stub), book, Budget(calls_a_day=2), lambda: datetime(2026, 3, 2, tzinfo=UTC))
    assert tomorrow.asked == 2


def test_characters_end_with_the_budget_and_long_texts_stay(stub: Stub, book: AnswerBook) -> None:
    assert "characters" in adjudicate(doubts("a" * 500), endpoint(stub), book, Budget(characters_a_day=600), clock).stopped
    run = adjudicate(doubts("a" * 500, "b"), endpoint(stub), book, Budget(longest=100), clock)
    assert (run.too_long, run.asked) == (1, 1)
    assert adjudicate(doubts(*"cdefg"), endpoint(stub), book, Budget(), clock, most=3).asked == 3


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("no json", "not JSON"),
        ("[]", "not an object"),
        (None, "no text in the answer"),
        (json.dumps({"side_effect": True}), "labels are missing or unknown"),
        (json.dumps(GOOD | {"more": True}), "labels are missing or unknown"),
        (json.dumps(GOOD | {"works": "yes"}), "a label is neither true nor false"),
        (json.dumps(GOOD | {"works": 1}), "a label is neither true nor false"),
    ],
)
def test_answers_off_the_schema_are_refused_and_counted(stub: Stub, book: AnswerBook, content: object, reason: str) -> None:
    stub.answer = lambda body: (200, chat(content))
    run = adjudicate(doubts("a"), endpoint(stub), book, Budget(), clock)
    assert (run.answered, run.refused) == (0, {reason: 1})
    assert book.refused() == {reason: 1}


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (200, b"<html>", "malformed"),
        (200, b'{"choices": []}', "malformed"),
        (200, b"[" * 100_000, "malformed"),
        (200, b" " * ((1 << 20) + 2), "malformed"),
        (500, b"", "failed"),
        (401, b"", "refused"),
        (302, b"http://127.0.0.1:1/", "refused"),
    ],
)
def test_failures_are_counted_and_three_in_a_row_end_the_run(stub: Stub, book: AnswerBook, status: int, body: bytes, kind: str) -> None:
    stub.answer = lambda asked: (status, body)
    run = adjudicate(doubts(*"abcdefg"), endpoint(stub), book, Budget(), clock)
    assert (run.asked, run.refused) == (3, {kind: 3})
    assert "in a row" in run.stopped
    assert KEY not in run.stopped


def test_a_limit_ends_the_run_at_once(stub: Stub, book: AnswerBook) -> None:
    stub.answer = lambda asked: (429, b"")
    run = adjudicate(doubts(*"abc"), endpoint(stub), book, Budget(), clock)
    assert (run.asked, run.refused) == (1, {"rate_limited": 1})
    assert "asks to wait" in run.stopped


def test_an_answer_that_does_not_come(stub: Stub, book: AnswerBook) -> None:
    def late(asked: dict[str, Any]) -> tuple[int, bytes]:
        time.sleep(0.4)
        return 200, chat("")

    stub.answer = late
    run = adjudicate(doubts("a"), endpoint(stub, timeout_seconds=0.1), book, Budget(), clock)
    assert run.refused == {"timeout": 1}


def test_nobody_listens(stub: Stub, book: AnswerBook) -> None:
    stub.server.shutdown()
    stub.server.server_close()
    assert adjudicate(doubts("a"), endpoint(stub), book, Budget(), clock).refused == {"unreachable": 1}
    stub.server = ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)
    threading.Thread(target=stub.server.serve_forever, args=(0.02,), daemon=True).start()


def test_the_key_is_never_shown(stub: Stub) -> None:
    made = endpoint(stub)
    assert KEY not in repr(made)
    stub.answer = lambda asked: (401, KEY.encode())
    with pytest.raises(EndpointError) as error:
        made.ask([], {})
    assert KEY not in str(error.value)
    assert error.value.__cause__ is None
    with pytest.raises(SettingsError) as wrong:
        ChatEndpoint(stub.url, "m", KEY + "\n")
    assert KEY not in str(wrong.value)


@pytest.mark.parametrize(
    "url", ["", "ftp://x/v1", "http://api.example.org/v1", "https://user:pw@example.org/v1", "https://x/v1?key=1", "http:///v1"]
)
def test_addresses_that_cannot_be_used(url: str) -> None:
    with pytest.raises(SettingsError):
        ChatEndpoint(url, "m")


def test_agreement_is_that_of_cohen() -> None:
    # Cohen's kappa of the classic 20/5/10/15 table is 0.4.
    first = np.array([True] * 25 + [False] * 25)
    second = np.array([True] * 20 + [False] * 5 + [True] * 10 + [False] * 15)
    assert kappa(first, second) == pytest.approx(0.4)
    assert np.isnan(kappa(first[:0], second[:0]))
    assert np.isnan(kappa(np.ones(3, bool), np.ones(3, bool)))
    rows = agreement(np.stack([first] * 6, axis=1), np.stack([second] * 6, axis=1))
    assert rows["n"].to_list() == [50] * 6
    assert rows["agreement"].to_list() == pytest.approx([0.7] * 6)


def test_agreement_is_of_texts_that_are_still_held(stub: Stub, book: AnswerBook) -> None:
    both = doubts("a", "b")
    adjudicate(both, endpoint(stub), book, Budget(), clock)
    assert compared(both, endpoint(stub), book)["n"].to_list() == [2] * 6
    assert compared(doubts("a"), endpoint(stub), book)["n"].to_list() == [1] * 6
    assert compared(both, ChatEndpoint(stub.url, "other"), book)["n"].to_list() == [0] * 6


def _posts(*texts: str) -> pl.DataFrame:
    fixed = {"source": "s", "author": "a", "day": NOW.date(), "posted_at": NOW, "known_at": NOW, "kind": "post", "synthetic": True}
    rows = pl.DataFrame([{"text": text, "post": str(n)} | fixed for n, text in enumerate(texts)])
    return rows.with_columns(pl.col("posted_at", "known_at").cast(INSTANT))


def test_only_deidentified_texts_in_doubt_that_name_a_drug_leave(stub: Stub, book: AnswerBook) -> None:
    texts = [
        f"@anna_smith zoloft {words}, mail me at anna@example.com"
        for words in ("made me sleepy I think", "and so on", "is ok", "hm", "days")
    ]
    posts = seal(_posts(*texts, "no drug here at all"), Public, Posts)
    found = doubts_in_posts(posts, packaged.head("treatment"), packaged.vocabulary())
    assert found.of == 5
    adjudicate(Doubts(found.texts, found.built_in, found.of), endpoint(stub), book, Budget(), clock)
    sent = json.dumps(stub.asked)
    assert "anna" not in sent
    assert doubts_in_posts(posts.derive(Posts, Posts.empty()), packaged.head("treatment"), packaged.vocabulary()).of == 0


def test_only_public_posts_and_diaries_for_research() -> None:
    rows = {"person": "p", "entry": "e", "day": date(2026, 1, 5), "written_at": NOW, "known_at": NOW, "text": "I feel odd on zoloft"}
    diary = pl.DataFrame([rows]).with_columns(pl.col("written_at", "known_at").cast(INSTANT))
    head, words = packaged.head("treatment"), packaged.vocabulary()
    assert doubts_in_diaries(seal(diary, Consented[Research], Diary), head, words).of == 1
    with pytest.raises(LabelError):
        doubts_in_diaries(seal(diary, Consented[Care], Diary), head, words)  # type: ignore[arg-type]
    with pytest.raises(LabelError):
        doubts_in_posts(seal(diary, Consented[Research], Diary), head, words)  # type: ignore[arg-type]


def test_a_broken_book_is_told(tmp_path: Path) -> None:
    (tmp_path / "b.sqlite").write_bytes(b"not a database, not at all" * 50)
    with pytest.raises(StoreError, match="delete it"):
        AnswerBook(tmp_path / "b.sqlite", b"k")


def test_one_question_has_one_reader() -> None:
    assert read_answer(json.dumps(GOOD)) == GOOD
    with pytest.raises(RefusedAnswerError):
        read_answer("{}")


def test_it_is_off(tmp_path: Path) -> None:
    assert Settings().adjudicator.enabled is False
    (tmp_path / "heedful.toml").write_text("")
    run = CliRunner().invoke(app, ["adjudicate", "--config", str(tmp_path / "heedful.toml")])
    assert isinstance(run.exception, SettingsError)
    assert "nothing was sent" in str(run.exception)
    for wrong in ("enabled = true", "calls_per_day = -1", 'key_env = "sk-12-34"', "timeout_seconds = 0.0"):
        (tmp_path / "heedful.toml").write_text(f"[adjudicator]\n{wrong}\n")
        with pytest.raises(SettingsError):
            load_settings(tmp_path / "heedful.toml")


def test_the_command(stub: Stub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEEDFUL_ADJUDICATOR_KEY", KEY)
    (tmp_path / "heedful.toml").write_text(f'[adjudicator]\nenabled = true\nurl = "{stub.url}"\nmodel = "small"\n')
    run = CliRunner().invoke(app, ["adjudicate", "--config", str(tmp_path / "heedful.toml"), "--json"])
    assert run.exit_code == 0, run.output
    said = json.loads(run.output)
    assert said["runs"]["posts"]["asked"] == 0
    assert [row["n"] for row in said["agreement"]["posts"]] == [0] * 6
    run = CliRunner().invoke(app, ["adjudicate", "--config", str(tmp_path / "heedful.toml"), "--report"])
    assert run.exit_code == 0, run.output
    assert KEY not in run.output
    assert all(KEY.encode() not in path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())


def test_a_site_sends_only_what_its_head_is_unsure_of(stub: Stub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEEDFUL_ADJUDICATOR_KEY", KEY)
    config = tmp_path / "heedful.toml"
    config.write_text(f'[adjudicator]\nenabled = true\nurl = "{stub.url}"\nmodel = "small"\n')
    doubtful = ("Effexor zaps since I stopped it", "Zoloft, day four without it", "Off Effexor now, zaps", "Prozac is ok")
    texts = [f"@anna_smith mail anna@example.com. {words}" for words in doubtful]
    posted_site(tmp_path / "heedful-data", [post(f"p{n}", text, n) for n, text in enumerate([*texts, "no drug at all"])]).close()

    run = CliRunner().invoke(app, ["adjudicate", "--config", str(config), "--json"])
    assert run.exit_code == 0, run.output
    first = json.loads(run.output)["runs"]["posts"]
    assert (first["texts"], first["asked"], first["answered"]) == (4, first["unsure"], first["unsure"])
    assert 0 < first["unsure"] == len(stub.asked)
    assert "anna" not in json.dumps(stub.asked)

    again = CliRunner().invoke(app, ["adjudicate", "--config", str(config), "--json"])
    said = json.loads(again.output)
    assert (said["runs"]["posts"]["known"], said["runs"]["posts"]["asked"]) == (first["unsure"], 0)
    assert [row["n"] for row in said["agreement"]["posts"]] == [first["unsure"]] * 6
