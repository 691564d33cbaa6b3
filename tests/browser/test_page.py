"""The page in Debian's chromium: two widths, two colour schemes; accessible, silent, offline, and never wider than the window."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.browser.chromium import Chromium, find
from tests.report.content import content

from heedful.report.content import PageContent
from heedful.report.page import write_page

pytestmark = pytest.mark.browser

AXE_FOLDER = Path(__file__).resolve().parents[2] / "build" / "axe"
VIEWS = [(width, scheme) for width in (390, 1280) for scheme in ("light", "dark")]
OPEN_ALL = "document.querySelectorAll('details').forEach(each => { each.open = true })"
WIDER = (
    "[...document.querySelectorAll('body *')].filter(e => e.getBoundingClientRect().right > innerWidth + 1 && !e.closest('.scroll')).length"
)


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("pages")
    bare = PageContent(title="Nothing yet", subtitle="An empty run", made_at=dt.datetime(2026, 3, 1, tzinfo=dt.UTC), run="look")
    for name, each in (("full", content()), ("empty", bare)):
        write_page(each, folder / f"{name}.html")
    return {path.stem: path for path in folder.glob("*.html")}


@pytest.fixture(scope="module")
def chromium() -> Iterator[Chromium]:
    program = find()
    if program is None:
        pytest.skip("no chromium on this machine: apt-get install chromium, or name one in HEEDFUL_CHROMIUM")
    with Chromium(program) as browser:
        yield browser


@pytest.fixture(scope="module")
def axe() -> str:
    found = sorted(AXE_FOLDER.glob("axe-*.js"))
    assert found, "axe-core is not here: run tests/browser/prepare.sh (make test does), which fetches it from the npm registry"
    return found[-1].read_text(encoding="utf-8")


@pytest.mark.parametrize(("width", "scheme"), VIEWS)
@pytest.mark.parametrize("name", ["full", "empty"])
def test_no_accessibility_violation(chromium: Chromium, pages: dict[str, Path], axe: str, name: str, width: int, scheme: str) -> None:
    chromium.open(pages[name], width, scheme)
    chromium.value(OPEN_ALL)
    chromium.value(axe + ";0")
    found = chromium.value("axe.run(document, {resultTypes: ['violations']}).then(r => ({bad: r.violations, good: r.passes.length}))")
    bad = [(each["id"], each["help"], [node["html"][:160] for node in each["nodes"][:3]]) for each in found["bad"]]
    assert bad == []
    assert found["good"] > 20, "axe did not really run"


@pytest.mark.parametrize(("width", "scheme"), VIEWS)
@pytest.mark.parametrize("name", ["full", "empty"])
def test_silent_offline_and_within_the_window(chromium: Chromium, pages: dict[str, Path], name: str, width: int, scheme: str) -> None:
    chromium.open(pages[name], width, scheme)
    assert chromium.requests() == [pages[name].resolve().as_uri()]
    assert chromium.value("performance.getEntriesByType('resource').map(each => each.name)") == []
    for state in ("closed", "open"):
        assert chromium.value("document.documentElement.scrollWidth") <= width, state
        assert chromium.value(WIDER) == 0, state
        chromium.value(OPEN_ALL)
    assert chromium.complaints() == []


def test_the_checks_notice_a_bad_page(chromium: Chromium, axe: str, tmp_path: Path) -> None:
    page = tmp_path / "bad.html"
    page.write_text(
        '<!doctype html><title>x</title><div style="width:2000px"><img src="http://127.0.0.1:9/a.png"></div><script>console.error(1)</script>'
    )
    chromium.open(page, 390, "light")
    assert any(address.startswith("http://127.0.0.1:9/") for address in chromium.requests())
    assert chromium.complaints()
    assert chromium.value("document.documentElement.scrollWidth") > 390
    chromium.value(axe + ";0")
    found = chromium.value("axe.run().then(r => r.violations.map(each => each.id))")
    assert {"image-alt", "html-has-lang"} <= set(found)


def test_colours_follow_the_scheme_in_charts_too(chromium: Chromium, pages: dict[str, Path]) -> None:
    seen = {}
    for scheme in ("light", "dark"):
        chromium.open(pages["full"], 1280, scheme)
        line = "document.querySelector('svg.chart [stroke=\"var(--blue)\"]')"
        seen[scheme] = chromium.value(f"[getComputedStyle({line}).stroke, getComputedStyle(document.body).backgroundColor]")
    assert seen["light"] == ["rgb(27, 94, 148)", "rgb(246, 244, 239)"]
    assert seen["dark"] == ["rgb(124, 183, 232)", "rgb(18, 21, 24)"]


def test_the_keyboard_reaches_the_skip_link_first_and_scrolls_wide_charts(chromium: Chromium, pages: dict[str, Path]) -> None:
    chromium.open(pages["full"], 390, "light")
    for kind in ("keyDown", "keyUp"):
        chromium.call("Input.dispatchKeyEvent", type=kind, key="Tab", code="Tab", windowsVirtualKeyCode=9)
    assert chromium.value("document.activeElement.className") == "skip"
    wide = "[...document.querySelectorAll('.scroll')].filter(e => e.scrollWidth > e.clientWidth)"
    assert chromium.value(f"{wide}.length") > 3
    assert chromium.value(f"{wide}.every(e => e.tabIndex === 0 && e.getAttribute('aria-label'))")
