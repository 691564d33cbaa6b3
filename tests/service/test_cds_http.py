"""CDS Hooks over a local port: discovery, cards, feedback; refusals; nobody learns who takes part; nothing but localhost is answered."""

from __future__ import annotations

import http.client
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from heedful.core.clock import FixedClock
from heedful.loops.run import run_site
from heedful.loops.settings import InputSettings, Settings
from heedful.loops.site import Site
from heedful.person.cds_cards import PLAN
from heedful.service.cds_http import MOST_BYTES, CdsServer

NOW = datetime(2026, 7, 10, 12, tzinfo=UTC)
CALL = {"hook": "patient-view", "hookInstance": "d1577c69-dfbe-44ad-ba6d-3e05e953b2ea"}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of a site with a plan item: a medicine that was at hand too seldom, of one who agreed and one who did not."""
    folder = tmp_path_factory.mktemp("cds")
    rows = [f"{who},2026-0{month}-01,1,sertraline,30" for who in ("me", "other") for month in (1, 2, 5)]
    (folder / "dispensing.csv").write_text("\n".join(["PATIENT_ID,DATE,PERDAY,CATEGORY,DURATION", *rows]) + "\n", "utf-8")
    inputs = [InputSettings("dispensing.csv")]
    made = Site(Settings(input=inputs), folder / "site", FixedClock(NOW))
    made.record_consents(pl.DataFrame({"person": ["me"], "purpose": ["care"]}), "test")
    run_site(made, made.inputs(inputs, folder))
    made.close()
    return folder / "site"


@pytest.fixture
def port(site: Path) -> Iterator[int]:
    @contextmanager
    def opened() -> Iterator[Site]:
        found = Site(Settings(), site, FixedClock(NOW))
        try:
            yield found
        finally:
            found.close()

    with CdsServer(opened, 0) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join()


def ask(port: int, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, Any]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    text = body if isinstance(body, str) else json.dumps(body)
    connection.request(method, path, text if method == "POST" else None, {"Host": "localhost"} | headers)
    answer = connection.getresponse()
    content = answer.read()
    connection.close()
    assert answer.headers["Content-Type"] == "application/json"
    return answer.status, json.loads(content)


def test_discovery_then_cards_then_feedback(port: int, site: Path) -> None:
    status, found = ask(port, "GET", "/cds-services")
    assert (status, [one["id"] for one in found["services"]]) == (200, [PLAN])
    status, answer = ask(port, "POST", f"/cds-services/{PLAN}", CALL | {"context": {"userId": "Practitioner/1", "patientId": "me"}})
    assert status == 200
    (card,) = [card for card in answer["cards"] if "sertraline" in card["summary"]]
    told = {"feedback": [{"card": card["uuid"], "outcome": "overridden", "outcomeTimestamp": "2026-07-10T12:00:00Z"}]}
    assert ask(port, "POST", f"/cds-services/{PLAN}/feedback", told) == (200, {})
    kept = Site(Settings(), site, FixedClock(NOW))
    acts = kept.ledger.rows("audit").filter(pl.col("act").is_in(["cds", "cds_feedback"]))
    kept.close()
    assert acts["act"].to_list()[-2:] == ["cds", "cds_feedback"]
    assert card["uuid"] in str(acts.row(-1))


def test_nobody_learns_who_takes_part(port: int) -> None:
    for patient in ("other", "nobody"):
        assert ask(port, "POST", f"/cds-services/{PLAN}", CALL | {"context": {"patientId": patient}}) == (200, {"cards": []})


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "says"),
    [
        ("GET", "/", None, 404, "GET /cds-services"), ("GET", "/cds-services/../secret.key", None, 404, "GET /cds-services"),
        ("POST", "/cds-services/none", CALL | {"context": {"patientId": "me"}}, 404, "offers no service"),
        ("POST", f"/cds-services/{PLAN}", "{", 400, "not JSON"), ("POST", f"/cds-services/{PLAN}", [], 400, "JSON object"),
        ("POST", f"/cds-services/{PLAN}", {"hook": "patient-view"}, 400, "hookInstance is required"),
        ("POST", f"/cds-services/{PLAN}", CALL | {"hook": "order-sign", "context": {"patientId": "me"}}, 400, "answers the hook patient-view"),
        ("POST", f"/cds-services/{PLAN}", CALL | {"context": {"patientId": 3}}, 400, "patientId is required"),
        ("POST", f"/cds-services/{PLAN}/feedback", {"feedback": []}, 400, "no list"), ("POST", "/elsewhere", {}, 404, "POST /cds-services/ID"),
        ("POST", f"/cds-services/{PLAN}", " " * (MOST_BYTES + 1), 413, "at most"),
    ],
)  # fmt: skip
def test_refusals(port: int, method: str, path: str, body: Any, status: int, says: str) -> None:
    try:
        found, answer = ask(port, method, path, body)
    except (BrokenPipeError, ConnectionResetError):  # refused before all of it was sent
        assert status == 413
        return
    assert found == status
    assert says in answer["error"]


def test_a_name_that_is_not_this_machine_is_not_answered(port: int) -> None:
    assert ask(port, "GET", "/cds-services", Host="evil.example")[0] == 403


def test_a_page_of_another_site_in_a_browser_here_neither_reads_nor_leaves_feedback(port: int) -> None:
    for origin in ("https://evil.example", "null", "http://localhost.evil.example"):
        for path in ("", f"/{PLAN}", f"/{PLAN}/feedback"):
            status, answer = ask(port, "POST" if path else "GET", f"/cds-services{path}", {}, Origin=origin)
            assert (status, "another site" in answer["error"]) == (403, True)
    assert ask(port, "GET", "/cds-services", Origin="http://localhost:3000")[0] == 200
