"""A run says so when posts no longer look like what a head was learned on."""

from __future__ import annotations

import random
from pathlib import Path

from tests.loops.posted_site import post, posted_site

from heedful.loops.registers import FEWEST, registers, strange_registers

FAMILIAR = (
    "Zoloft gave me terrible nausea for the first week.", "I take Prozac for depression and it works well for me.",
    "Cymbalta made me so tired that I had to stop taking it.", "Lexapro helped my anxiety but I gained weight.",
)  # fmt: skip


def strange(rng: random.Random) -> str:
    """Words that no head ever met, around a drug's name."""
    words = ["".join(rng.choices("bdfgkzxvwqaeiou", k=9)) for _ in range(14)]
    return " ".join([*words[:7], "zoloft", *words[7:]])


def test_posts_of_another_register_are_told(tmp_path: Path) -> None:
    rng = random.Random(3)
    site = posted_site(tmp_path, [post(f"p{n}", strange(rng), n) for n in range(FEWEST + 5)])
    (found,) = strange_registers(site)
    assert (found.head, found.posts) == ("treatment", FEWEST + 5)
    assert found.strangeness > 10
    assert "treatment" in found.said()
    assert f"{FEWEST + 5} posts" in found.said()


def test_posts_of_its_own_register_are_not(tmp_path: Path) -> None:
    rng = random.Random(3)
    rows = [post(f"p{n}", FAMILIAR[n % 4], n) for n in range(60)]
    assert strange_registers(posted_site(tmp_path / "familiar", rows)) == []
    few = posted_site(tmp_path / "few", [post(f"p{n}", strange(rng), n) for n in range(FEWEST - 1)])
    assert registers(few)[0].strangeness > 10
    assert strange_registers(few) == []


def test_nothing_is_said_of_nothing(tmp_path: Path) -> None:
    assert registers(posted_site(tmp_path, [post("p", "lovely weather")])) == []
