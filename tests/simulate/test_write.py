from __future__ import annotations

import hashlib
import json
from pathlib import Path

import polars as pl

from heedful.simulate.truth import truth_from_json
from heedful.simulate.write import Written, write_responses, write_town


def _digest(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(folder.rglob("*")) if path.is_file()
    }


def test_the_same_seed_writes_the_same_bytes(written: Written, tmp_path: Path) -> None:
    write_town(tmp_path, written.town.seed, written.town.size)
    assert _digest(tmp_path) == _digest(written.files["posts.jsonl"].parent)


def test_each_file_has_the_columns_that_its_source_reads(written: Written) -> None:
    folder = written.files["posts.jsonl"].parent
    columns = {
        "observations.csv": "person,code,start_at,end_at,value,value_code,unit,device,zone",
        "dispensing.csv": "PATIENT_ID,DATE,PERDAY,CATEGORY,DURATION",
        "diary.csv": "person,entry,written_at,text,language",
        "official_series.csv": "place,date,issue_date,value",
        "people.csv": "person,zone,birth_year,sex,place,language",
        "population.csv": "place,stratum,people",
        "consents.csv": "person,purpose,kinds,from_at,until_at,act",
        "linked_accounts.csv": "person,source,account,proof,by,reference",
        "wearables/p000/minuteStepsNarrow_merged.csv": "Id,ActivityMinute,Steps",
        "wearables/p000/heartrate_seconds_merged.csv": "Id,Time,Value",
        "wearables/p000/minuteSleep_merged.csv": "Id,date,value,logId",
    }
    for name, header in columns.items():
        assert (folder / name).read_text().split("\n", 1)[0] == header
    assert set(written.files) >= {name for name in columns if "/" not in name}
    posts = [json.loads(line) for line in (folder / "posts.jsonl").read_text().splitlines()]
    assert set(posts[0]) == {"id", "author", "created_at", "text", "location", "lang", "synthetic"}
    assert all(post["synthetic"] is True for post in posts)
    assert "No person" in (folder / "SYNTHETIC.txt").read_text()


def test_the_truth_comes_back_from_its_file_as_it_was(written: Written) -> None:
    truth = truth_from_json((written.files["posts.jsonl"].parent / "truth.json").read_bytes())
    assert truth == written.truth
    assert sum(truth.posts_by_kind.values()) == pl.read_csv(written.files["posts.jsonl"].parent / "truth_posts.csv").height
    assert len(truth.crisis_entries) == 1


def test_a_watch_in_the_drawer_says_no_steps_and_no_heart_rate(written: Written) -> None:
    person, days = next((person, days) for person, days in written.truth.not_worn.items() if days)
    folder = written.files["wearables"] / person
    steps = pl.read_csv(folder / "minuteStepsNarrow_merged.csv").with_columns(
        day=pl.col("ActivityMinute").str.to_datetime("%m/%d/%Y %I:%M:%S %p").dt.date()
    )
    heart = pl.read_csv(folder / "heartrate_seconds_merged.csv")["Time"].str.to_datetime("%m/%d/%Y %I:%M:%S %p").dt.date()
    assert steps.filter(pl.col("day").is_in(list(days)))["Steps"].sum() == 0
    assert not set(heart) & set(days)
    assert (steps["day"] == days[0]).sum() == 1440


def test_instants_carry_the_offset_of_their_zone_on_both_sides_of_the_clock_change(written: Written) -> None:
    rows = pl.read_csv(written.files["observations.csv"]).filter(pl.col("zone") == "America/New_York")
    offsets = rows.group_by((pl.col("start_at").str.slice(0, 10) >= "2026-03-08").alias("summer")).agg(
        pl.col("start_at").str.slice(-6).unique().sort()
    )
    assert dict(offsets.iter_rows())[False] == ["-05:00"]
    assert "-04:00" in dict(offsets.iter_rows())[True]
    assert rows.select((pl.col("end_at") >= pl.col("start_at")).all()).item()


def test_one_participant_never_agreed_and_one_withdraws_half_way(written: Written) -> None:
    acts = pl.read_csv(written.files["consents.csv"])
    people = set(pl.read_csv(written.files["people.csv"])["person"])
    assert people - set(acts["person"]) == set(written.truth.without_consent)
    assert set(acts.filter(pl.col("act") == "withdraw")["person"]) == set(written.truth.withdraws)
    assert set(acts["act"]) == {"grant", "withdraw"}


def test_who_links_an_account_agrees_to_its_posts_by_name_and_no_account_has_two_owners(written: Written) -> None:
    links = pl.read_csv(written.files["linked_accounts.csv"])
    acts = pl.read_csv(written.files["consents.csv"])
    assert links.height > 0
    assert links["account"].is_unique().all()
    assert set(acts.filter(pl.col("kinds") == "own_posts", pl.col("act") == "grant")["person"]) == set(links["person"])


def test_responses_are_written_as_a_corrected_export(written: Written, tmp_path: Path) -> None:
    responder = next(person for person in written.truth.responders if person in written.truth.not_worn)
    zone = dict(written.town.people.select("person", "zone").iter_rows())[responder]
    decisions = pl.DataFrame({"person": [responder] * 9, "day": range(20, 29), "action": ["walk_short"] * 9}).select(
        "person", "action",
        scheduled_at=(pl.lit(written.town.size.first_day).cast(pl.Datetime("us")) + pl.duration(days=pl.col("day"), hours=12))
        .dt.replace_time_zone(zone).dt.convert_time_zone("UTC"),
    )  # fmt: skip
    paths = write_responses(tmp_path, written.town, decisions)
    assert [path.parent.name for path in paths] == [responder]
    first = pl.read_csv(written.files["wearables"] / responder / "minuteStepsNarrow_merged.csv")
    both = first.join(pl.read_csv(paths[0]), on=["Id", "ActivityMinute"], suffix="_new")
    assert both.height == pl.read_csv(paths[0]).height > 25
    assert (both["Steps_new"] > both["Steps"]).all()
