"""Estimates, body signals, rumours and drafts at a whole site: through the run, explained, withdrawn, and never about a person."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import msgspec
import polars as pl
import pytest

from heedful.core.clock import FixedClock
from heedful.core.errors import NotFoundError, SettingsError, SourceError
from heedful.core.labels import Aggregate, Public
from heedful.core.schemas import Counts, Estimates, Posts
from heedful.engine.local import Changed
from heedful.loops.claim_bank import claim_file
from heedful.loops.estimates import site_population
from heedful.loops.explain import explain
from heedful.loops.rights import erase_person
from heedful.loops.rumours import site_audiences, site_rumours
from heedful.loops.run import run_site
from heedful.loops.safety import FOLDER, draft_from_diary, draft_from_form, drafts, site_niches, site_onsets
from heedful.loops.settings import InputSettings, PopulationSettings, Settings, load_settings
from heedful.loops.site import Site
from heedful.report.gather import gather
from heedful.report.page import page

MONDAY, NOW = date(2026, 3, 2), datetime(2026, 3, 12, tzinfo=UTC)
CLAIM = "Garlic water cures the flu."
TOLD = {"New York, NY": (24, 12), "Boston, MA": (12, 3)}


def write_posts(path: Path) -> None:
    rows = []
    for place, (people, ill) in TOLD.items():
        for n in range(people):
            text = f"I have a fever today, day {n}" if n < ill else f"Lovely weather in the park number {n}"
            rows.append(
                {
                    "id": f"{place}{n}",
                    "author": f"{place}{n}",
                    "created_at": f"{MONDAY + timedelta(days=n % 5)}T10:00:00Z",
                    "text": text,
                    "location": place,
                }
            )
    for n in range(6):
        text = f"Garlic water cures the flu, it really cures it, told by neighbour {n}"
        rows.append(
            {
                "id": f"g{n}",
                "author": f"New York, NY{n}",
                "created_at": f"{MONDAY + timedelta(days=n)}T12:00:00Z",
                "text": text,
                "location": "New York, NY",
            }
        )
        rows.append(
            {
                "id": f"n{n}",
                "author": f"New York, NY{n}",
                "created_at": f"{MONDAY}T13:00:00Z",
                "text": "took ibuprofen while pregnant",
                "location": "New York, NY",
            }
        )
    path.write_text("\n".join(json.dumps(row) for row in rows))


def site_at(folder: Path, **changed: object) -> Site:
    (folder / "population.csv").write_text("place,stratum,people\nUS/NY,all,1000\nUS/MA,all,3000\nUS/TX,all,500\n")
    write_posts(folder / "posts.jsonl")
    (folder / "diary.csv").write_text(
        "person,entry,written_at,text\nada,e1,2026-03-03T10:00:00Z,Sertraline made me nauseous\nbo,e2,2026-03-03T10:00:00Z,Sertraline made me nauseous\n"
    )
    columns = {name: name for name in ("person", "entry", "written_at", "text")}
    inputs = [
        InputSettings("posts.jsonl", name="forum"),
        InputSettings("diary.csv", kind="records.mapped", settings={"table": "diary", "columns": columns}),
    ]
    settings = msgspec.structs.replace(Settings(input=inputs), population=PopulationSettings(str(folder / "population.csv")), **changed)
    site = Site(settings, folder / "site", FixedClock(NOW))
    claim_file(site.folder).add(CLAIM, "https://example.org/garlic", "false", NOW)
    site.record_consents(pl.DataFrame({"person": ["ada", "bo"], "purpose": ["care", "research"]}), "test")
    result = run_site(site, site.inputs(settings.input, folder))
    assert not result.refused
    return site


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    return site_at(tmp_path_factory.mktemp("site"))


def test_estimates_are_weighted_and_explained(site: Site) -> None:
    rows = site.engine.table(Estimates, Aggregate).data
    row = rows.row(by_predicate=(pl.col("signal") == "HP:0001945") & (pl.col("place") == "US"), named=True)
    assert (row["people"], row["posters"], row["day"]) == (15, 36, MONDAY)
    assert row["weighted"] == pytest.approx(100_000 * (1000 * 12 / 24 + 3000 * 3 / 12) / 4000)
    assert row["missing"].startswith("nobody from US/TX (11.1 % of the population)")
    found = explain(site, ["estimate", "HP:0001945", "US", "all", str(MONDAY)])
    assert found.said[0] == row["why"]
    assert {name for name, _, _ in found.behind} >= {"people_mentions", "declared_places"}
    assert any("It used the population" in line for line in found.said)


def test_stance_of_claims_comes_the_same_way(site: Site) -> None:
    rows = site.engine.table(Estimates, Aggregate).data.filter(pl.col("signal").str.starts_with("claim:"), pl.col("place") == "world")
    assert rows.filter(pl.col("signal").str.ends_with(":spreads"))["people"].to_list() == [6]


def test_rumours_audiences_and_niches_are_of_groups(site: Site) -> None:
    found = site_rumours(site)
    assert set(found["text"]) == {CLAIM}
    assert found.filter(pl.col("suppressed") == "").select("stance", "place", "people", "posters").rows()[:2] == [
        ("spreads", "world", 6, 36),
        ("spreads", "US", 6, 36),
    ]
    assert found["cascades"].max() == 0
    audiences = site_audiences(site, found["claim"][0][:6])
    assert set(audiences["place"]) <= {"US/NY"}
    assert (audiences["people"] >= 3).all()
    with pytest.raises(NotFoundError):
        site_audiences(site, "zz")
    assert site_niches(site).select("treatment", "niche", "day", "people").rows() == [("ibuprofen", "pregnancy", date(2026, 1, 1), 6)]


def test_rumours_audiences_and_niches_are_explained(site: Site) -> None:
    claim = site_rumours(site)["claim"][0]
    rumour = explain(site, ["rumour", claim, "spreads", "world", str(MONDAY)])
    assert "6 of 36 people who posted spread it" in rumour.said[0]
    assert {name for name, _, _ in rumour.behind} >= {"claims", "people_mentions", "declared_places"}
    niche = explain(site, ["niche", "ibuprofen", "pregnancy", "2026-01-01"])
    assert [(name, count) for name, count, _ in niche.behind] == [("niche_tellings", 6), ("voices", 0)]
    first = site_audiences(site, claim).row(0, named=True)
    audience = explain(site, ["audience", claim, first["place"], first["topic"], str(first["day"])])
    assert "spread the claim or asked about it" in audience.said[0]


def test_a_deleted_author_leaves_rumours_and_niches(tmp_path: Path) -> None:
    """Six told of each; with four of them gone at their source two are left, whom nothing shows."""
    site = site_at(tmp_path)
    posts = site.lake.read(Posts)
    gone = posts.filter(pl.col("text").str.contains("pregnant")).select("author").unique().sort("author").head(4)
    rows = posts.join(gone, on="author", how="semi")
    site.lake.delete(Posts, rows.select(Posts.key))
    changed = Changed()
    changed.add((Posts, Public), rows)
    site.engine.update(changed, 9)
    assert site_niches(site)["people"].to_list() == [None]
    assert site_rumours(site).filter(pl.col("stance") == "spreads")["people"].null_count() == site_rumours(site).height


def test_the_page_shows_estimates_rumours_and_niches(site: Site) -> None:
    shown = page(gather(site, "run", "t", "s"))
    assert "Shares of people who post" in shown
    assert "nobody from US/TX" in shown
    assert "Niches of safety, 2026" in shown
    assert "Garlic water cures the flu. (false)" in shown
    assert "heedful explain rumour" in shown
    past = page(gather(site, "run", "t", "s", as_of=NOW))
    assert "Niches of safety, 2026" in past
    assert "heedful explain rumour" in past
    before = page(gather(site, "run", "t", "s", as_of=datetime(2026, 3, 1, tzinfo=UTC)))
    assert "heedful explain rumour" not in before


def test_a_draft_is_written_under_care_only_and_goes_with_the_person(tmp_path: Path) -> None:
    site = site_at(tmp_path)
    made = draft_from_diary(site, "e1", 0)
    assert made["status"] == "draft, not submitted"
    assert Path(made["file"]).read_text().count("NOT SUBMITTED") == 1
    with pytest.raises(NotFoundError, match="no consent for care"):
        draft_from_diary(site, "e2", 0)  # research alone
    form = tmp_path / "case.toml"
    form.write_text('case = "7"\nreceived_on = 2026-03-01\ndrug = "X"\nreaction = "rash"\n')
    draft_from_form(site, form)
    assert {one["case"] for one in drafts(site)} == {"e1-0", "7"}
    form.write_text('case = "7"\nwhat = 3\n')
    with pytest.raises(SettingsError, match="no entry what"):
        draft_from_form(site, form)
    erase_person(site, site.person("ada"))
    assert [path.parent.name for path in (site.folder / FOLDER).glob("*/*.xml")] == ["forms"]


def test_a_population_file_must_be_there_and_readable(tmp_path: Path) -> None:
    (tmp_path / "heedful.toml").write_text('[population]\nfile = "people.csv"\n')
    with pytest.raises(SettingsError, match=r"names people\.csv, which is no file"):
        load_settings(tmp_path / "heedful.toml")
    (tmp_path / "people.csv").write_text("place,people\nUS/NY,10\nUS/MA,many\n")
    with pytest.raises(SourceError, match=r"line 3.*'many' is not a number"):
        site_population(load_settings(tmp_path / "heedful.toml").population.file)
    (tmp_path / "people.csv").write_text("where,people\nUS/NY,10\n")
    with pytest.raises(SourceError, match="no column place"):
        site_population(str(tmp_path / "people.csv"))


def resting(folder: Path, people: int) -> None:
    rows = []
    for n in range(people):
        for day in range(30):
            at = MONDAY - timedelta(days=29 - day)
            value = 60 + (day * 7 + n) % 3 + (15 if day == 29 else 0)
            rows.append((f"p{n}", "resting_heart_rate", f"{at}T00:00:00Z", f"{at + timedelta(days=1)}T00:00:00Z", value, "/min", "watch"))
    pl.DataFrame(rows, schema=["person", "code", "start_at", "end_at", "value", "unit", "device"], orient="row").write_csv(
        folder / "observations.csv"
    )


def test_body_signals_follow_consent_from_run_to_run(tmp_path: Path) -> None:
    resting(tmp_path, 6)
    columns = {name: name for name in ("person", "code", "start_at", "end_at", "value", "unit", "device")}
    inputs = [InputSettings("observations.csv", kind="records.mapped", settings={"table": "observations", "columns": columns})]
    site = Site(Settings(input=inputs), tmp_path / "site", FixedClock(NOW))

    def unusual() -> list[int | None]:
        run_site(site, site.inputs(inputs, tmp_path))
        rows = site.engine.table(Counts, Aggregate).data
        return rows.filter(pl.col("signal") == "body:resting_heart_rate_high", pl.col("day") == MONDAY)["people"].to_list()

    people = [f"p{n}" for n in range(6)]
    site.record_consents(pl.DataFrame({"person": people, "purpose": ["care"] * 6}), "test")
    assert unusual() == []
    site.record_consents(pl.DataFrame({"person": people[:5], "purpose": ["public_health"] * 5}), "test")
    assert unusual() == [5]
    site.record_consents(pl.DataFrame({"person": people[:1], "purpose": ["public_health"], "act": ["withdraw"]}), "test")
    assert unusual() == [4]


def test_participants_of_small_areas_are_modelled_by_place_age_and_sex(tmp_path: Path) -> None:
    """12 of 24 consenting participants rise; a state without any has an estimate too, the card says so, and the page shows it."""
    rows = [
        (f"p{n}", "resting_heart_rate", f"{at}T00:00:00Z", f"{at + timedelta(days=1)}T00:00:00Z", value, "/min", "watch")
        for n in range(24) for day in range(30)
        for at, value in [(MONDAY - timedelta(days=29 - day), 60 + (day * 7 + n) % 3 + (15 if day == 29 and n % 2 else 0))]
    ]  # fmt: skip
    columns = ("person", "code", "start_at", "end_at", "value", "unit", "device")
    pl.DataFrame(rows, schema=list(columns), orient="row").write_csv(tmp_path / "observations.csv")
    told = [(f"p{n}", 1960 + n, ("female", "male")[n // 2 % 2], ("US/NY", "US/MA")[n // 12]) for n in range(24)]
    pl.DataFrame(told, schema=["person", "birth_year", "sex", "place"], orient="row").write_csv(tmp_path / "people.csv")
    strata = {"all": 1000, "age:18-49": 600, "age:50+": 400, "sex:female": 510, "sex:male": 490}
    sizes = [f"US/{place},{stratum},{people}" for place in ("NY", "MA", "TX") for stratum, people in strata.items()]
    (tmp_path / "population.csv").write_text("\n".join(["place,stratum,people", *sizes]) + "\n")
    inputs = [
        InputSettings(f"{table}.csv", kind="records.mapped", settings={"table": table, "columns": {name: name for name in names}})
        for table, names in (("observations", columns), ("people", ("person", "birth_year", "sex", "place")))
    ]
    settings = msgspec.structs.replace(Settings(input=inputs), population=PopulationSettings(str(tmp_path / "population.csv")))
    site = Site(settings, tmp_path / "site", FixedClock(NOW))
    people = [f"p{n}" for n in range(24)]
    for purpose in ("care", "public_health"):
        site.record_consents(pl.DataFrame({"person": people, "purpose": [purpose] * 24}), "test")
    run_site(site, site.inputs(inputs, tmp_path))
    rows = site.engine.table(Estimates, Aggregate).data.filter(pl.col("day") == MONDAY)
    assert rows["place"].to_list() == ["US", "US/MA", "US/NY", "US/TX", "world"]
    texas = rows.row(by_predicate=pl.col("place") == "US/TX", named=True)
    assert (texas["people"], texas["weighted_people"]) == (None, 24)
    assert 0.2e5 < texas["weighted_low"] < texas["weighted"] < texas["weighted_high"] < 0.8e5
    stratum = "participants with heart rate"
    said = explain(site, ["estimate", texas["signal"], "US/TX", stratum, str(MONDAY)]).said[0]
    assert "Modelled from 24 participants by place and age and sex (MRP)" in said
    assert "missing: nobody who can be shown of US/TX" in said
    assert "Participants with an unusual week, modelled by place, age and sex" in page(gather(site, "run", "t", "s"))
    site.record_consents(pl.DataFrame({"person": people, "purpose": ["public_health"] * 24, "act": ["withdraw"] * 24}), "test")
    run_site(site, site.inputs(inputs, tmp_path))
    assert site.engine.table(Estimates, Aggregate).data.is_empty()


def test_days_to_onset_stand_where_enough_people_tell_them(tmp_path: Path) -> None:
    """Twelve people were nauseous after 3 days, or after 5, of sertraline; two got a rash: too few to say when."""
    told = [(f"u{n}", f"Sertraline made me nauseous after {3 if n < 6 else 5} days") for n in range(12)]
    told += [(f"v{n}", "Sertraline gave me a rash after 2 days") for n in range(2)]
    rows = [{"id": who, "author": who, "created_at": f"{MONDAY}T10:00:00Z", "text": text} for who, text in told]
    (tmp_path / "posts.jsonl").write_text("\n".join(json.dumps(row) for row in rows))
    inputs = [InputSettings("posts.jsonl", name="forum")]
    site = Site(Settings(input=inputs), tmp_path / "site", FixedClock(NOW))
    run_site(site, site.inputs(inputs, tmp_path))
    found, withheld = site_onsets(site)
    assert found.select("people", "first_quartile", "median", "third_quartile").rows() == [(12, 3, 4, 5)]
    assert withheld == 1
    assert found["shape_low"][0] < found["shape"][0] < found["shape_high"][0]
