"""`heedful explain`."""

from __future__ import annotations

from pathlib import Path

from heedful.cli.console import emit, open_site, say, table
from heedful.loops.explain import explain as explanation


def explain(config: Path, what: list[str], json: bool) -> None:
    """Plain words first, then the rows."""
    with open_site(config) as site:
        found = explanation(site, what)
        site.ledger.audit(site.clock.now(), "explain", {"what": " ".join(what)})
    if json:
        emit({
            "id": " ".join(what), "said": found.said, "row": found.row,
            "behind": [{"table": name, "rows": count, "shown": rows.to_dicts()} for name, count, rows in found.behind],
        })  # fmt: skip
        return
    for line in found.said:
        say(line)
    table("The row", ["column", "value"], list(found.row.items()))
    for name, count, rows in found.behind:
        hidden = f", the first {rows.height} shown" if rows.height < count else ""
        filled = [column for column in rows.columns if rows[column].null_count() < rows.height]
        table(f"{name}: {count:,} rows{hidden}", filled, rows.select(filled).rows())
