"""What each head reads and how it is learned.

Which blocks with which weights was chosen once, by cross-validation on train rows (`docs/language.md`).
"""

from __future__ import annotations

from heedful.language.heads.blocks import Block
from heedful.language.heads.head import Recipe

CONCERNS = (
    "conspiracy", "country", "ineffective", "ingredients", "mandatory", "none", "pharma", "political", "religious", "rushed", "side-effect",
    "unnecessary",
)  # fmt: skip


def text_blocks(field: str = "text", share: float = 1.0) -> tuple[Block, ...]:
    """Words, characters within words, and kinds of words of one field."""
    return Block("words", share, field), Block("characters", share, field), Block("kinds", 0.5 * share, field)


MENTIONS = Block("mentions", 0.3)
AROUND = (Block("marked", 0.7), Block("near", 0.7), MENTIONS)
TREATMENT_BLOCKS = (*text_blocks(), Block("near", 0.5), MENTIONS)
REVIEW_BLOCKS = (*text_blocks("benefits"), *text_blocks("side_effects"), *text_blocks("comments"), *text_blocks("all"))
BENEFIT_BLOCKS = (*text_blocks("benefits", 1.5), *text_blocks("side_effects", 0.7), *text_blocks("comments"), *text_blocks("all"))
STANCE_BLOCKS = tuple(
    Block(kind, weight, field)
    for field in ("claim", "evidence")
    for kind, weight in (("words", 1.0), ("characters", 1.0), ("evidence", 0.5))
)

RECIPES: dict[str, Recipe] = {
    recipe.name: recipe
    for recipe in (
        Recipe("treatment", "labels", ("ADR", "WD", "EF", "INF", "SSI", "DI"), TREATMENT_BLOCKS, inputs=("own", "all", "near")),
        Recipe("mention", "classes", ("figurative", "other_mention", "health_mention"), (*text_blocks(), *AROUND), (0.05, 0.1, 0.2)),
        Recipe("stress", "labels", ("stress",), (*text_blocks(), MENTIONS)),
        Recipe("vaccine_concern", "labels", CONCERNS, text_blocks(), (0.1, 0.2), inputs=("own", "all")),
        Recipe("adverse_effect_tweet", "labels", ("adverse_effect",), (*text_blocks(), MENTIONS)),
        Recipe("severe_side_effect", "labels", ("severe",), REVIEW_BLOCKS, (0.01, 0.03, 0.1)),
        Recipe("effectiveness", "number", ("effectiveness",), BENEFIT_BLOCKS),
        Recipe("stance", "classes", ("Supports", "Refutes", "Neutral"), STANCE_BLOCKS, (0.05, 0.15, 0.5)),
        Recipe("worry_long", "number", ("worry",), text_blocks()),
        Recipe("worry_short", "number", ("worry",), text_blocks()),
    )
}
"""Heads by name."""
