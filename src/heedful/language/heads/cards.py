"""What a reader must know of each head before believing it: from what it was learned, where it holds, and what it must not be used for.

What it reached, by label, group and register, is measured and packaged beside it: `heedful learn show HEAD`.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class HeadCard:
    """A head's card.

    says: what a yes means. data: the set, with reference. licence: as the set's source states it. ships: whether weights may and do
    ship. register: the kind of text that it is for. split: how learning and judging rows are parted. limits: what it is known not to do.
    """

    name: str
    says: str
    data: str
    licence: str
    ships: bool
    register: str
    split: str
    limits: str


_NOT_STATED = "not stated for weights: recipe only, weights from your own copy"

CARDS: dict[str, HeadCard] = {
    card.name: card
    for card in (
        HeadCard(
            "treatment",
            "What a sentence of a drug review says: side effect (ADR), withdrawal (WD), it works (EF), it does not (INF), signs or "
            "symptoms of the illness (SSI), the illness treated (DI).",
            "PsyTAR, Zolnoori et al. 2019, Data in Brief",
            "CC BY 4.0",
            True,
            "English reviews of antidepressants, sentence by sentence, whole reviews",
            "by review",
            "Four drugs. 'Does not work' and withdrawal are rare and weak (F1 below .6). Side effects on CADEC: AUC .91; "
            "tweets .75; elsewhere .58-.64.",
        ),
        HeadCard(
            "mention",
            "Whether words of illness are meant figuratively, of others or in general, or of somebody's own health.",
            "RHMD three classes, Naseem et al. 2022, WWW",
            _NOT_STATED,
            False,
            "English Reddit posts that name one of fifteen illnesses",
            "by distinct text",
            "Labels are noisy (news items marked as health mentions).",
        ),
        HeadCard(
            "stress",
            "Whether a passage speaks of stress.",
            "Dreaddit, Turcan and McKeown 2019, LOUHI",
            _NOT_STATED,
            False,
            "English Reddit segments of about 100 words, ten subreddits",
            "official; folds by post",
            "Off its register it is no better than a sentiment lexicon (AUC .53-.63 against .56-.64).",
        ),
        HeadCard(
            "vaccine_concern",
            "Which of twelve concerns about vaccines a tweet voices.",
            "CAVES, Poddar et al. 2022, SIGIR",
            "GPL-3.0 repository of tweets; " + _NOT_STATED,
            False,
            "English tweets of 2020 and 2021 that are critical of vaccines",
            "official",
            "Learned on critical tweets only: on others it must not be run without a filter.",
        ),
        HeadCard(
            "adverse_effect_tweet",
            "Whether a tweet reports an adverse effect of a drug.",
            "SMM4H, English part of the 2025 shared task as redistributed",
            "academic agreement; " + _NOT_STATED,
            False,
            "English tweets that name a drug",
            "official",
            "One in fourteen tweets is a yes: use it to rank, not to count.",
        ),
        HeadCard(
            "severe_side_effect",
            "Whether the writer of a review calls the side effects severe or extremely severe.",
            "Druglib, Graesser et al. 2018",
            "research use, no redistribution; " + _NOT_STATED,
            False,
            "English drug reviews with a text each for benefits, side effects and comments",
            "official",
            "The level is the writer's own; neighboring levels overlap.",
        ),
        HeadCard(
            "effectiveness",
            "How effective the writer of a review calls the treatment, 0 (ineffective) to 4 (highly effective).",
            "Druglib, Graesser et al. 2018",
            "research use, no redistribution; " + _NOT_STATED,
            False,
            "English drug reviews with a text each for benefits, side effects and comments",
            "official",
            "An order (Spearman), not a level: levels overlap.",
        ),
        HeadCard(
            "worry_long",
            "Self-rated worry, 1 to 9, from a long text.",
            "Real World Worry Dataset, Kleinberg et al. 2020",
            "GPL-3.0 file; " + _NOT_STATED,
            False,
            "English answers to 'how do you feel about the corona situation', United Kingdom, April 2020",
            "by person",
            "It is barely in the text (Spearman .5 out of fold, .46 on test): never of one person, only of many. "
            "Learned together with the writer's anxiety, fear and relaxation.",
        ),
        HeadCard(
            "worry_short",
            "Self-rated worry, 1 to 9, from a text of a tweet's length.",
            "Real World Worry Dataset, Kleinberg et al. 2020",
            "GPL-3.0 file; " + _NOT_STATED,
            False,
            "the same in 240 characters",
            "by person",
            "It is hardly in the text at all (Spearman .3): not for use, kept as a measure of what cannot be read off.",
        ),
        HeadCard(
            "suicide_risk",
            "Whether a person's posts together speak of suicidal ideation, behavior or an attempt; sixteen rates of word kinds.",
            "C-SSRS Reddit, Gaur et al. 2019, WWW",
            "not stated, sensitive: no weights ship, no text is shown",
            False,
            "English posts of users of mental-health subreddits",
            "by person",
            "Labels are of 500 users and contested. For research on many; never an answer about a person, never a policy.",
        ),
        HeadCard(
            "crisis",
            "How much a post speaks of self-harm by its writer; a threshold is set by how many posts people can read.",
            "C-SSRS Reddit (weak labels) against posts of RHMD and Dreaddit",
            "not stated, sensitive: no weights ship, no text is shown",
            False,
            "English Reddit posts",
            "by person; half of the background is kept for the threshold",
            "It learns the register of subreddits and of the anonymizer too; on public posts in aggregate only; a human reads each alert.",
        ),
        HeadCard(
            "stance",
            "Whether evidence supports, refutes or does neither to a claim.",
            "HealthVer, Sarrouti et al. 2021",
            _NOT_STATED,
            False,
            "claims on COVID-19 from search results against sentences of papers",
            "official dev and test; folds by claim",
            "Refutations are found in fewer than half of the cases. On questions that it never met macro F1 is .43 (chance .33): "
            "not for new claims.",
        ),
    )
}
"""Cards by head."""
