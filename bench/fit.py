"""A long activity as a FIT file: our reader, and the whole source, against fitdecode that decodes the same messages; in turn, in one process.

fitdecode makes an object of every field; our reader makes columns, and the source the observations that the consent door is given.
"""

from __future__ import annotations

import io
import struct
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench.measure import Line, at_least, fresh_process, median

BAR = 20
NOW = datetime(2026, 3, 31, tzinfo=UTC)
_BEGIN = 1_100_000_000
"""Seconds of FIT's clock (since 1989-12-31): November 2024."""


def lines(folder: Path, records: int, rounds: int) -> list[Line]:
    found = fresh_process("fit:work", folder, records, rounds, one_core=True)
    note = f"{records:,} records of six fields, {found['megabytes']:.1f} MB; processor time, medians of {rounds} rounds in turn"
    if found["fitdecode"] is None:
        absent = "fitdecode is not installed here"
        return [Line(what, float("nan"), "×", f"≥ {BAR}", True, beside=absent) for what in ("FIT reader", "FIT source, to observations")]
    peer = f"fitdecode: {found['fitdecode']:.2f} s"
    return [
        at_least("FIT reader", found["fitdecode"] / found["reader"], "×", BAR, f"{1e3 * found['reader']:.1f} ms", peer, note),
        at_least(
            "FIT source, to observations", found["fitdecode"] / found["source"], "×", BAR, f"{1e3 * found['source']:.0f} ms", peer,
            f"the same file through `heedful.sources`: {found['observations']:,} observations, numbered, checked for plausibility, in batches",
        ),
    ]  # fmt: skip


def work(folder: str, records: str, rounds: str) -> dict[str, Any]:
    from heedful.sources.base import Options
    from heedful.sources.wearables.fit import Fit
    from heedful.sources.wearables.fit_records import records as read

    path = Path(folder) / "activity.fit"
    path.write_bytes(data := made(int(records)))
    counts: dict[str, int] = {}

    def reader() -> None:
        for found in read(data, "activity.fit"):
            for number, *_ in found.definition.fields:
                found.field(number)

    def source() -> None:
        batches = list(Fit().read(path, Options("fit", "ada", "UTC"), NOW))
        counts["observations"] = sum(len(frame) for batch in batches for frame in batch.rows if frame.schema.table == "observations")

    tasks: dict[str, Callable[[], None]] = {"reader": reader, "source": source}
    try:
        import fitdecode

        def peer() -> None:
            with fitdecode.FitReader(io.BytesIO(data)) as messages:
                for _ in messages:
                    pass

        tasks["fitdecode"] = peer
    except ImportError:
        pass
    reader()
    source()
    taken: dict[str, list[float]] = {name: [] for name in tasks}
    for _ in range(int(rounds)):
        for name, act in tasks.items():
            begun = time.process_time()
            act()
            taken[name].append(time.process_time() - begun)
    medians: dict[str, Any] = {name: median(values) for name, values in taken.items()}
    return {"fitdecode": None} | medians | counts | {"megabytes": len(data) / 1e6}


def made(records: int) -> bytes:
    """A file id and `records` seconds of a ride: heart rate, cadence, distance, speed and power."""
    import numpy as np

    from heedful.sources.wearables.fit_scan import checksum, nibbles

    def crc(content: bytes) -> bytes:
        return struct.pack("<H", checksum(np.frombuffer(content, np.uint8), nibbles()))

    rng = np.random.default_rng(1)
    fields = ((253, 4, 0x86), (3, 1, 0x02), (4, 1, 0x02), (5, 4, 0x86), (6, 2, 0x84), (7, 2, 0x84))
    rows = np.zeros(
        records,
        np.dtype([("kind", "u1"), ("time", "<u4"), ("heart", "u1"), ("cadence", "u1"), ("far", "<u4"), ("fast", "<u2"), ("power", "<u2")]),
    )
    rows["kind"], rows["time"] = 1, _BEGIN + np.arange(records)
    rows["heart"], rows["cadence"] = rng.integers(90, 180, records), rng.integers(60, 110, records)
    rows["far"], rows["fast"], rows["power"] = (
        700 * np.arange(records),
        rng.integers(5_000, 9_000, records),
        rng.integers(100, 350, records),
    )
    body = b"\x40\x00\x00" + struct.pack("<H", 0) + b"\x03" + bytes((0, 1, 0, 1, 2, 0x84, 4, 4, 0x86))
    body += b"\x00" + struct.pack("<BHI", 4, 1, _BEGIN)
    body += (
        b"\x41\x00\x00" + struct.pack("<H", 20) + bytes((len(fields),)) + bytes(part for field in fields for part in field) + rows.tobytes()
    )
    head = struct.pack("<BBHI4s", 14, 0x10, 2132, len(body), b".FIT")
    head += crc(head)
    return head + body + crc(head + body)
