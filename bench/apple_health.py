"""An Apple Health export to observations in the lake, against lxml's target parser that only counts `Record` starts; in turn, in one run."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench.measure import Line, Times, at_least, at_most, emptied, fresh_process, median, watch

RATIO, MEMORY_MB = 0.5, 400


def lines(folder: Path, megabytes: float, rounds: int) -> list[Line]:
    from bench.make_apple_export import write

    export = folder / f"export-{megabytes:g}.xml"
    if not export.exists():
        write(export, megabytes)
    size = export.stat().st_size / 1e6
    counting, ours, answer = Times(), Times(), dict[str, Any]()
    for number in range(rounds):
        with counting.one_more():
            counted(export)
        answer = fresh_process("apple_health:work", export, emptied(folder / f"apple-{number}"), one_core=True)
        ours.watches.append(as_watch(answer))
    bare, mine = counting.as_dict(), ours.as_dict()
    ratio, clock_ratio = (median([b / m for b, m in zip(bare[name], mine[name], strict=True)]) for name in ("undisturbed", "clock"))
    seconds = median(mine["undisturbed"])
    return [
        at_least(
            "Apple Health export → observations in the lake", ratio, "× counting", RATIO, f"{clock_ratio:.2f} ×",
            f"lxml's target parser, counting only: {size / median(bare['undisturbed']):.0f} MB/s",
            f"{size:.0f} MB, {answer['rows']:,} observations in {seconds:.1f} s ({size / seconds:.0f} MB/s), one core; medians of {rounds} rounds in turn",
        ),
        at_most("the same: memory", answer["peak_mb"], "MB", MEMORY_MB, beside="the most that the process ever held, interpreter and libraries included"),
    ]  # fmt: skip


def as_watch(answer: dict[str, Any]) -> Any:
    from bench.measure import Watch

    return Watch(answer["clock"], answer["processor"], answer["waited"])


def work(export: str, folder: str) -> dict[str, Any]:
    """Read a whole export through the consent door into the lake of a new site; deriving comes after."""
    from bench.sites import NOW, open_site
    from heedful.engine.intake import Accounts
    from heedful.loops.settings import InputSettings

    site = open_site(Path(folder), NOW)
    consent(site)
    source = site.inputs([InputSettings(export, subject="ada")], Path("/"))[0]
    site.intake.derive_every = 10**12
    accounts = Accounts()
    assert not site.ledger.inputs(), f"{folder} has been read into before: nothing would be measured"
    with site.writing(), watch() as taken:
        accounts = site.read(source)
    site.close()
    return {"clock": taken.clock, "processor": taken.processor, "waited": taken.waited, "rows": accounts.stored["observations"]}


def consent(site: Any) -> None:
    import polars as pl

    begun = datetime(2010, 1, 1, tzinfo=UTC)
    acts = pl.DataFrame({"person": ["ada"], "purpose": "care", "kinds": "*", "from_at": begun, "recorded_at": begun})
    site.record_consents(acts.with_columns(pl.col("from_at", "recorded_at").cast(pl.Datetime("us", "UTC"))), "bench")


class Counting:
    records = 0

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        if tag == "Record":
            self.records += 1

    def close(self) -> int:
        return self.records


def counted(path: Path) -> int:
    from lxml import etree

    parser = etree.XMLParser(target=Counting())
    with path.open("rb") as stream:
        while block := stream.read(65_536):
            parser.feed(block)
    return int(parser.close())
