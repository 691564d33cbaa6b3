"""`heedful compare`."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from heedful.cli.console import emit, open_site, say, table
from heedful.core.errors import SettingsError
from heedful.core.labels import Care
from heedful.core.schemas import Features
from heedful.person.comparison import Days, compare_days


def compare(config: Path, person: str, feature: str, during: list[str], trend: bool, worthwhile: float, json: bool) -> None:
    """The sentence first, then both estimates."""
    periods = [_period(text) for text in during]
    with open_site(config) as site:
        who = site.person(person)
        found = compare_days(site.view(Features, Care), who, feature, periods, trend=trend, worthwhile=worthwhile)
        site.ledger.audit(site.clock.now(), "compare", {"person": who, "feature": feature, "during": during})
    low, high = found.fit.interval()
    b_low, b_high = found.posterior.interval()
    if json:
        emit({
            "sentence": found.sentence, "unit": found.unit, "days_compared": found.inside, "other_days": found.outside,
            "days_missing": found.missing, "trend": found.trend,
            "gls": {"estimate": found.fit.estimate[1], "low": low[1], "high": high[1], "p": found.fit.p_value[1], "phi": found.fit.phi},
            "posterior": {"mean": found.posterior.mean, "low": b_low, "high": b_high, "below_0": found.posterior.below(0.0)},
        })  # fmt: skip
        return
    say(found.sentence)
    say(f"{found.inside} days compared with {found.outside} others; {found.missing} days without a value are left out.")
    say("It is a difference between days, not its cause: other things may have changed with it.")
    rows = [
        [
            "generalised least squares, AR(1)",
            f"{found.fit.estimate[1]:.4g}",
            f"{low[1]:.4g} to {high[1]:.4g}",
            f"p {found.fit.p_value[1]:.2g}",
        ],
        ["posterior", f"{found.posterior.mean:.4g}", f"{b_low:.4g} to {b_high:.4g}", f"below 0: {found.posterior.below(0.0):.0%}"],
    ]
    table(f"Difference in {found.unit}", ["how", "estimate", "95 %", "sure"], rows)


def _period(text: str) -> Days:
    first, _, last = text.partition("/")
    try:
        found = date.fromisoformat(first), date.fromisoformat(last or first)
    except ValueError as error:
        raise SettingsError(f"--during {text}: write a period as 2026-03-01/2026-03-14, or one day as 2026-03-01.") from error
    if found[1] < found[0]:
        raise SettingsError(f"--during {text}: it ends before it begins.")
    return found
