"""The demo: a town whose truth is known goes through the ordinary loop, and what was found is held against the truth."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta
from pathlib import Path

import polars as pl

from heedful.core.clock import FixedClock
from heedful.core.labels import Aggregate, Care, Public
from heedful.core.schemas import Alarms, Changes, Experiences, Mentions
from heedful.loops.claim_bank import claim_file
from heedful.loops.linked_accounts import link_accounts, read_links
from heedful.loops.personal import decide_due, join_outcomes
from heedful.loops.run import RunResult, run_site
from heedful.loops.settings import DecisionSettings, InputSettings, PopulationSettings, Settings, SiteSettings
from heedful.loops.site import Progress, Site, read_consents
from heedful.simulate.score import Score, score_alarms, score_changes, score_experiences, score_mentions
from heedful.simulate.write import Written, write_responses, write_town

OFFICIAL = "health office"
"""Signal of the town's official series: scored apart, and on the town's days only; the years before are its history."""
DECIDED_DAYS = 14
"""Last days of the town on which decisions are replayed."""


@dataclass(frozen=True)
class Demo:
    """What the demo made: the site to look into, what the run did, and the scores."""

    site: Site
    result: RunResult
    scores: list[Score]


def run_demo(folder: Path, seed: int, say: Callable[[str], None], progress: Progress) -> Demo:
    """Simulate, run, score. `folder` holds the town's files and its site; what a demo left there before is removed."""
    for old in ("town", "site"):
        if (folder / old / "SYNTHETIC.txt").exists():
            shutil.rmtree(folder / old)
    say("simulating a town")
    written = write_town(folder / "town", seed)
    site = _site(folder, written)
    say("reading its files")
    site.record_consents(read_consents(written.files["consents.csv"]), "simulator")
    result = run_site(site, site.inputs(site.settings.input, folder), progress, lambda name: say(f"deriving {name}"))
    say("linking accounts that participants call their own")
    link_accounts(site, read_links(written.files["linked_accounts.csv"]))
    say("replaying decisions")
    _decide(site, written, folder, result, progress)
    say("holding what was found against the truth")
    return Demo(site, result, _scores(site, written))


def _site(folder: Path, written: Written) -> Site:
    town = Path("town")
    columns = {
        "person": "person",
        "code": "code",
        "start_at": "start_at",
        "end_at": "end_at",
        "value": "value",
        "value_code": "value_code",
        "unit": "unit",
        "device": "device",
    }
    zones = dict(written.town.people.select("person", "zone").iter_rows())
    inputs = [
        InputSettings(
            str(town / "people.csv"),
            kind="records.mapped",
            settings={"table": "people", "columns": {name: name for name in ("person", "zone", "birth_year", "sex", "place", "language")}},
        ),
        InputSettings(str(town / "posts.jsonl"), name="town"),
        *(InputSettings(f"town/wearables/{path.name}", zone=zones[path.name]) for path in sorted(written.files["wearables"].iterdir())),
        InputSettings(str(town / "observations.csv"), kind="records.mapped", settings={"table": "observations", "columns": columns}),
        InputSettings(str(town / "dispensing.csv")),
        InputSettings(
            str(town / "diary.csv"),
            kind="records.mapped",
            settings={"table": "diary", "columns": {name: name for name in ("person", "entry", "written_at", "text", "language")}},
        ),
        InputSettings(str(town / "official_series.csv"), name=OFFICIAL),
    ]
    settings = Settings(
        SiteSettings(name="A simulated town"),
        decisions=DecisionSettings(enabled=False),
        population=PopulationSettings(str(written.files["population.csv"])),
        input=inputs,
    )
    end = datetime.combine(written.truth.last_day + timedelta(days=1), time(12), UTC)
    site = Site(settings, folder / "site", FixedClock(end))
    (folder / "site" / "SYNTHETIC.txt").write_text("Made by heedful demo; removed by the next one.\n")
    for rumour in written.truth.rumours:
        if rumour.claim:
            claim_file(site.folder).add(f"{rumour.claim[0].upper()}{rumour.claim[1:]}.", "https://example.org/simulated", "false", end)
    return site


def _decide(site: Site, written: Written, folder: Path, result: RunResult, progress: Progress) -> None:
    end = site.clock.now()
    with site.writing():
        decisions = decide_due(site, end - timedelta(days=DECIDED_DAYS), end, replay=True)
        result.decisions, result.sent = len(decisions), sum(decision.outcome == "send" for decision in decisions)
        names = {site.participant_key.name(person): person for person in written.town.people["person"]}
        sent = pl.DataFrame(
            [(names[d.person], d.scheduled_at, d.action) for d in decisions],
            schema={"person": pl.String, "scheduled_at": pl.Datetime("us", "UTC"), "action": pl.String},
            orient="row",
        )
        zones = dict(written.town.people.select("person", "zone").iter_rows())
        paths = write_responses(folder / "town", written.town, sent)
        assert isinstance(site.clock, FixedClock)
        site.clock.instant = end + timedelta(hours=1)
        for one in site.inputs([InputSettings(str(path.relative_to(folder)), zone=zones[path.parent.name]) for path in paths], folder):
            site.read(one, progress)
        site.intake.derive()
        result.outcomes = join_outcomes(site)


def _scores(site: Site, written: Written) -> list[Score]:
    truth, folder = written.truth, written.files["posts.jsonl"].parent
    names = {person: site.participant_key.name(person) for person in written.town.people["person"]}
    # without a watch nobody's nights are known, and no detector could find an illness in them
    worn = {person: names[person] for person in written.town.people.filter("watch")["person"]}
    posts = pl.read_csv(folder / "truth_posts.csv", infer_schema_length=None)
    alarms = site.engine.table(Alarms, Aggregate).data
    official = pl.col("signal") == OFFICIAL
    alone = pl.col("feature").str.starts_with("resting_heart_rate") & (pl.col("detector") != "change_points")
    changes = site.view(Changes, Care).data.filter(alone | (pl.col("detector") == "illness_signal"))
    return [
        score_alarms(alarms.filter(~official), truth.outbreaks, truth.rumours, what="outbreaks, in what people say"),
        score_alarms(
            alarms.filter(official, pl.col("day") >= truth.first_day),
            [replace(outbreak, signals=(OFFICIAL,)) for outbreak in truth.outbreaks],
            grace_days=6,
            what="outbreaks, in the health office's weekly counts",
        ),
        *(
            score_changes(
                changes.filter(pl.col("detector") == detector),
                truth.illnesses,
                worn,
                what=f"illnesses, by {detector}" + (" of the night" if detector == "illness_signal" else " of resting heart rate"),
            )
            for detector in sorted(changes["detector"].unique())
        ),
        score_experiences(site.engine.table(Experiences, Public).data, posts),
        score_mentions(site.engine.table(Mentions, Public).data, posts),
    ]
