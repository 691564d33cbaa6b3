"""Place codes of the United States: FIPS numbers, names of states and territories, HHS regions."""

from __future__ import annotations

import re

_STATES = """
01 AL Alabama; 02 AK Alaska; 04 AZ Arizona; 05 AR Arkansas; 06 CA California; 08 CO Colorado; 09 CT Connecticut; 10 DE Delaware;
11 DC District of Columbia; 12 FL Florida; 13 GA Georgia; 15 HI Hawaii; 16 ID Idaho; 17 IL Illinois; 18 IN Indiana; 19 IA Iowa;
20 KS Kansas; 21 KY Kentucky; 22 LA Louisiana; 23 ME Maine; 24 MD Maryland; 25 MA Massachusetts; 26 MI Michigan; 27 MN Minnesota;
28 MS Mississippi; 29 MO Missouri; 30 MT Montana; 31 NE Nebraska; 32 NV Nevada; 33 NH New Hampshire; 34 NJ New Jersey;
35 NM New Mexico; 36 NY New York; 37 NC North Carolina; 38 ND North Dakota; 39 OH Ohio; 40 OK Oklahoma; 41 OR Oregon;
42 PA Pennsylvania; 44 RI Rhode Island; 45 SC South Carolina; 46 SD South Dakota; 47 TN Tennessee; 48 TX Texas; 49 UT Utah;
50 VT Vermont; 51 VA Virginia; 53 WA Washington; 54 WV West Virginia; 55 WI Wisconsin; 56 WY Wyoming; 60 AS American Samoa; 66 GU Guam;
69 MP Northern Mariana Islands; 72 PR Puerto Rico; 78 VI Virgin Islands
"""

_ROWS = [part.split(maxsplit=2) for part in _STATES.replace("\n", " ").split(";")]
BY_FIPS: dict[str, str] = {"US": "US"} | {fips: f"US/{code}" for fips, code, _ in _ROWS}
_NATION = ("us", "usa", "united states", "national", "nation", "x")
BY_NAME: dict[str, str] = {name.lower(): f"US/{code}" for _, code, name in _ROWS} | dict.fromkeys(_NATION, "US")


def us_place(region: str) -> str:
    """The place code of a region as CDC names it; a path below US with the issuer's own words for what has no code of ours.

    >>> us_place("nation"), us_place("Region 10"), us_place("New York"), us_place("New York City")
    ('US', 'US/HHS10', 'US/NY', 'US/new-york-city')
    """
    name = region.strip().lower()
    if name in BY_NAME:
        return BY_NAME[name]
    if found := re.fullmatch(r"(?:hhs )?region (\d{1,2})", name):
        return f"US/HHS{int(found[1])}"
    return "US/" + re.sub(r"[^a-z0-9]+", "-", name).strip("-")
