"""The page as one file: `write_page`."""

from __future__ import annotations

from collections.abc import Callable
from importlib import resources
from pathlib import Path

from heedful.report.content import PageContent
from heedful.report.html import Html, element
from heedful.report.sections.decisions import decisions
from heedful.report.sections.estimates import estimates
from heedful.report.sections.experiences import experiences
from heedful.report.sections.people import people
from heedful.report.sections.plans import plans
from heedful.report.sections.provenance import claims, provenance
from heedful.report.sections.quality import quality
from heedful.report.sections.rumours import rumours
from heedful.report.sections.safety import safety
from heedful.report.sections.score import score
from heedful.report.sections.signals import signals
from heedful.report.sections.summary import summary
from heedful.report.theme import variables
from heedful.report.wording import instant

SECTIONS: tuple[tuple[str, str, Callable[[PageContent], Html | None]], ...] = (
    ("summary", "Summary", summary),
    ("score", "Found against the truth", score),
    ("signals", "Population signals", signals),
    ("estimates", "Shares of people who post", estimates),
    ("rumours", "Rumours", rumours),
    ("experiences", "Experiences", experiences),
    ("safety", "Told more than expected", safety),
    ("people", "Timelines", people),
    ("plans", "Plan items", plans),
    ("decisions", "Decisions", decisions),
    ("quality", "Data quality", quality),
    ("provenance", "Where numbers come from", provenance),
    ("claims", "How we word claims", claims),
)

_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
"""The browser itself refuses every request and every script."""

_RUNS = {"look": "A look at files", "run": "A run", "demo": "A demo: simulated, nobody on this page exists"}

_HATCH = Html(
    '<svg width="0" height="0" class="defs" aria-hidden="true" focusable="false"><defs><pattern id="hatch" width="5" height="5" '
    'patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><rect width="5" height="5" fill="var(--card)"/>'
    '<line x1="0" y1="0" x2="0" y2="5" stroke="var(--hatch)" stroke-width="2.2"/></pattern></defs></svg>'
)


def write_page(content: PageContent, out: Path) -> None:
    """Write one self-contained HTML file: no script, no request, light and dark, made for phone, desk and paper.

    The folder of `out` is made if it is not there; an older page is replaced at once, never left half written.
    """
    out.parent.mkdir(parents=True, exist_ok=True)
    fresh = out.with_name(out.name + ".part")
    fresh.write_text(page(content), encoding="utf-8")
    fresh.replace(out)


def page(content: PageContent) -> str:
    """The page as a string."""
    made = [(anchor, title, part) for anchor, title, write in SECTIONS if (part := write(content)) is not None]
    links = [element("li", element("a", title, href=f"#{anchor}")) for anchor, title, _ in made]
    body = element(
        "body",
        element("a", "Skip to the summary", href="#summary", class_="skip"),
        _HATCH,
        _head_of_page(content),
        element(
            "div",
            element("nav", element("ul", *links), aria_label="On this page"),
            element("main", *[part for _, _, part in made]),
            class_="frame",
        ),
        element(
            "footer",
            element("p", "Made by heedful on this machine; nothing left it. Findings are for people to judge. They are never a diagnosis."),
        ),
    )
    return "<!doctype html>\n" + element("html", _head(content), body, lang="en")


def _head(content: PageContent) -> Html:
    style = variables() + resources.files("heedful.report").joinpath("page.css").read_text(encoding="utf-8")
    return element(
        "head",
        Html('<meta charset="utf-8">'),
        Html(f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'),
        Html('<meta name="viewport" content="width=device-width, initial-scale=1">'),
        Html('<meta name="color-scheme" content="light dark">'),
        Html('<meta name="referrer" content="no-referrer">'),
        element("title", f"{content.title} – heedful"),
        element("style", Html(style)),
    )


def _head_of_page(content: PageContent) -> Html:
    return element(
        "header",
        element(
            "p",
            element("span", "heedful", class_="brand"),
            element("span", _RUNS[content.run], class_=f"run {content.run}"),
            class_="kicker",
        ),
        element("h1", content.title),
        element("p", content.subtitle, class_="subtitle"),
        element("p", f"Made {instant(content.made_at)}", class_="made"),
    )


__all__ = ["SECTIONS", "page", "write_page"]
