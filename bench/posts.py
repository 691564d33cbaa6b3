"""Posts to mentions and counts in the lake, end to end on one core: a file of JSON lines through door, lake and every public derivation."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from bench.measure import Line, at_least, at_most, emptied, fresh_process, median, watch

RATE, MEMORY_MB = 20_000, 700


def lines(folder: Path, posts: int, rounds: int) -> list[Line]:
    file, answers = written(folder, posts), []
    for number in range(rounds):
        answers.append(fresh_process("posts:work", file, emptied(folder / f"posts-{posts}-{number}"), one_core=True))
    rate, clock, parsing = (
        median([answer["records"] / answer[name] for answer in answers]) for name in ("undisturbed", "clock", "parsing")
    )
    small = fresh_process("posts:work", written(folder, posts // 4), emptied(folder / "posts-few"), one_core=True)
    peak = max(answer["peak_mb"] for answer in answers)
    made = answers[0]
    return [
        at_least(
            "posts → mentions and counts in the lake, one core", rate, "posts/s", RATE, f"{clock:,.0f}",
            f"orjson alone, parsing the lines: {parsing:,.0f}/s",
            f"{made['records']:,} posts of a made town, {made['mentions']:,} mentions, {made['counts']:,} counts, {made['alarms']:,} alarms; "
            f"median of {rounds}; of the time {made['taking']:.0%} while reading, deriving between batches included",
        ),
        at_most(
            "the same: memory", peak, "MB", MEMORY_MB, beside=f"the most that the process ever held; with a quarter of the posts {small['peak_mb']:.0f} MB",
        ),
    ]  # fmt: skip


def written(folder: Path, posts: int) -> Path:
    """A town's posts as JSON lines, in the order of time, made once for each number."""
    import polars as pl

    from heedful.simulate.posts import write_posts
    from heedful.simulate.town import Size, build

    file = folder / f"town-{posts}.jsonl"
    if not file.exists():
        table = write_posts(build(3, Size(posters=max(1_000, posts // 20), days=60, posts=posts))).posts
        table.with_columns(pl.col("created_at").dt.strftime("%Y-%m-%dT%H:%M:%SZ")).write_ndjson(file)
    return file


def work(file: str, folder: str) -> dict[str, Any]:
    import time

    import orjson

    from bench.sites import open_site
    from heedful.core.schemas import Alarms, Counts, Mentions
    from heedful.loops.settings import InputSettings

    site = open_site(Path(folder))
    source = site.inputs([InputSettings(file, name="town")], Path("/"))[0]
    assert not site.ledger.inputs(), f"{folder} has been read into before: nothing would be measured"
    assert site.engine.plan.steps
    with site.writing():
        warm(site, Path(folder))
        with watch() as whole:
            with watch() as taking:
                accounts = site.read(source)
            site.intake.derive()
    found = {
        schema.table: sum(site.lake.read_derived(step.table, schema, None).height for step in site.engine.plan.steps if step.derivation.writes is schema)
        for schema in (Mentions, Counts, Alarms)
    }  # fmt: skip
    site.close()
    begun = time.process_time()
    with Path(file).open("rb") as stream:
        for line in stream:
            orjson.loads(line)
    return {
        "clock": whole.clock, "undisturbed": whole.undisturbed, "taking": taking.undisturbed / whole.undisturbed, "records": accounts.records,
        "parsing": time.process_time() - begun, **found,
    }  # fmt: skip


def warm(site: Any, folder: Path) -> None:
    """A few posts first, so that loading vocabulary and compiled kernels does not count as time of the stream."""
    from heedful.loops.settings import InputSettings

    few = folder / "few.jsonl"
    few.write_text('{"id":"warm","author":"w","created_at":"2025-01-01T00:00:00Z","text":"I have a fever in Boston","lang":"en"}\n')
    site.read(site.inputs([InputSettings(str(few), name="warm")], Path("/"))[0])
    site.intake.derive()
