"""What lake and ledger cost: a run through them against the doors and derivations called as bare functions on the same rows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from bench.measure import Line, at_most, emptied, fresh_process, median, watch

BAR = 1.5


def lines(folder: Path, posts: int, people: int, rounds: int) -> list[Line]:
    from bench.posts import written

    file = written(folder, posts)
    answers = [fresh_process("engine:work", file, people, emptied(folder / f"engine-{number}"), one_core=True) for number in range(rounds)]
    ratio, clock = (median([answer["run"][name] / answer["bare"][name] for answer in answers]) for name in ("undisturbed", "clock"))
    run, bare = (median([answer[name]["undisturbed"] for answer in answers]) for name in ("run", "bare"))
    parts = "; ".join(
        f"{part} alone {median([a['parts'][part]['run'] / a['parts'][part]['bare'] for a in answers]):.2f} ×"
        for part in ("posts", "minutes")
    )
    return [
        at_most(
            "a run through lake and ledger / bare functions", ratio, "×", BAR, f"{clock:.2f} ×", f"doors and derivations as functions {bare:.2f} s",
            f"run {run:.2f} s; {answers[0]['rows']:,} rows: posts of a town and {people} people × 30 days of minutes, median of {rounds} ({parts})",
        )
    ]  # fmt: skip


def work(file: str, people: str, folder: str) -> dict[str, Any]:
    from bench.minutes import month
    from bench.posts import warm
    from bench.sites import agree, open_site, take
    from heedful.core.schemas import Observations
    from heedful.core.seals import raw, unseal
    from heedful.engine.intake import Accounts
    from heedful.loops.settings import InputSettings
    from heedful.sources.base import BATCH_ROWS, Batch

    site = open_site(Path(folder))
    crowd = range(int(people))
    rows = Observations.check(month(crowd))
    with site.writing():
        warm(site, Path(folder))
        agree(site, crowd)
        take(site, "warm", Observations, rows[:3_000], Accounts())
        site.intake.derive()
        source = site.inputs([InputSettings(file, name="town")], Path("/"))[0]
        read = list(source.source.read(source.path, source.options, site.clock.now(), None))
        minutes = [
            Batch((raw(rows[at : at + BATCH_ROWS], Observations),), {"at": at}, 0, 0, BATCH_ROWS)
            for at in range(3_000, rows.height, BATCH_ROWS)
        ]
        parts = {"posts": _both(site, "posts", read), "minutes": _both(site, "minutes", minutes)}
    site.close()
    total = {
        kind: {name: sum(part[kind][name] for part in parts.values()) for name in ("undisturbed", "clock")} for kind in ("run", "bare")
    }
    return {
        **total, "rows": sum(unseal(frame).height for batch in (*read, *minutes) for frame in batch.rows),
        "parts": {name: {kind: part[kind]["undisturbed"] for kind in ("run", "bare")} for name, part in parts.items()},
    }  # fmt: skip


def _both(site: Any, name: str, batches: list[Any]) -> dict[str, dict[str, float]]:
    from heedful.engine.intake import Accounts

    with watch() as bare:
        _bare(site, batches)
    accounts = Accounts()
    with watch() as run:
        for batch in batches:
            site.intake.take(name, batch, accounts)
        site.intake.derive()
    return {kind: {"undisturbed": one.undisturbed, "clock": one.clock} for kind, one in (("run", run), ("bare", bare))}


def _bare(site: Any, batches: list[Any]) -> None:
    """Each batch through its door, then every derivation once over all that came of what it reads; nothing is stored."""
    import polars as pl

    from heedful.core.schemas import Posts
    from heedful.core.seals import seal, unseal
    from heedful.engine.intake import label_of
    from heedful.trust import doors

    held: dict[Any, list[pl.DataFrame]] = {}
    grants = site.grants()
    for batch in batches:
        for frame in batch.rows:
            if frame.schema is Posts:
                passed = doors.public_door(frame, site.public_key, set(), set())
            else:
                passed = doors.consent_door(frame, site.participant_key, grants, set())
            held.setdefault((frame.schema, label_of(frame.schema)), []).append(passed.frame.data)
    for step in site.engine.plan.steps:
        if not any(node in held for node in step.inputs):
            continue
        frames = [seal(pl.concat([node[0].empty(), *held.get(node, [])]), node[1], node[0]) for node in step.inputs]
        resources = {name: site.engine.resources[name] for name in step.derivation.needs}
        held.setdefault(step.output, []).append(unseal(step.derivation(*frames, **resources)))
