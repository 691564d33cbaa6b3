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
STANCE_BLOCKS = (
    Block("words", 0.7, "evidence"), Block("beside", 1.5, "claim*evidence"), Block("pairs", 1.5, "claim*evidence"),
    Block("crossed", 1.0, "claim*evidence"),
)  # fmt: skip
"""No features of the claim alone: they would learn which claims are true."""

WORRY_KIN = (("anxiety", 0.5), ("fear", 0.5), ("relaxation", -0.5))
"""What else the writers rated, 1 to 9. Worry is one noisy answer; together they tell more of what the text can tell (out of fold +.01)."""

RECIPES: dict[str, Recipe] = {
    recipe.name: recipe
    for recipe in (
        Recipe("treatment", "labels", ("ADR", "WD", "EF", "INF", "SSI", "DI"), TREATMENT_BLOCKS, (0.03, 0.1), ("own", "all", "near"), 0.5),
        Recipe("mention", "classes", ("figurative", "other_mention", "health_mention"), (*text_blocks(), *AROUND), (0.05, 0.1), naive=0.5),
        Recipe("stress", "labels", ("stress",), (*text_blocks(), MENTIONS), (0.1,), naive=0.5, alone=0.3),
        Recipe("vaccine_concern", "labels", CONCERNS, text_blocks(), (0.1, 0.2), ("own", "all"), naive=0.5),
        Recipe("adverse_effect_tweet", "labels", ("adverse_effect",), (*text_blocks(), MENTIONS), (0.03, 0.1), naive=0.5, alone=0.3),
        Recipe("severe_side_effect", "labels", ("severe",), REVIEW_BLOCKS, (0.01, 0.03), naive=0.5),
        Recipe("effectiveness", "number", ("effectiveness",), BENEFIT_BLOCKS),
        Recipe("stance", "classes", ("Supports", "Refutes", "Neutral"), STANCE_BLOCKS, (0.05, 0.15, 0.5)),
        Recipe("worry_long", "number", ("worry",), text_blocks(), alone=0.3, kin=WORRY_KIN),
        Recipe("worry_short", "number", ("worry",), text_blocks(), alone=0.3, kin=WORRY_KIN),
    )
}
"""Heads by name."""
