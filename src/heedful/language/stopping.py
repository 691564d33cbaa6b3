"""Why a treatment was stopped, changed or missed, as a code with the words that gave it, and from what to what it was changed.

Patterns look at masked words (`heedful.language.masking`), in lower case.
"""

from __future__ import annotations

import polars as pl

from heedful.core.registry import METHODS, Card, Method
from heedful.language.axes import IT, plain
from heedful.language.masking import DRUG, FINDING

REASONS = ("cost", "access", "forgot", "felt_fine", "fear", "no_effect", "side_effect", "other")
"""In order: where several are named, the first of these counts."""

CARD = Card(
    name="language.reasons",
    definition="Why a treatment was stopped, changed or missed: "
    + ", ".join(REASONS)
    + ". By cue words in the sentence of the event, else in the next.",
    units="1",
    reference="Reasons of non-adherence as in WHO 2003, of stopping as named by WEB-RADR (van Stekelenborg 2019); patterns of our own.",
    limits="English only; one reason an event; 'other' only where a word such as 'because' announces one.",
)
METHODS.add(CARD.name, Method(CARD))

_WORDS = {
    "cost": (
        r"(?:can(?:'?t|not)|could(?:n'?t| not)|unable to) (?:\w+ )?(?:afford|pay)\w*|too (?:expensive|pricey|costly)|so expensive|"
        r"\bexpensive\b|"
        r"\b(?:the )?(?:cost|price|copay|co-pay)s?\b(?: \w+){0,3}|\bwas costing\b|\bcosts? (?:me |too )?(?:\$|\d|a fortune|"
        r"too much)\S*|\bmoney\b|\$\d+"
    ),
    "access": (
        r"\b(?:ran|run|running) out\b|\bout of (?:stock|refills|meds)\b|\b(?:pharmacy|chemist|drug ?store)\b[^.;]{0,40}\b(?:out|"
        r"closed|didn't|didnt|did not|wouldn't|couldn't|"
        r"hasn't|short\w*|no|error|screwed|messed)\b|\b(?:shortage|back ?order\w*|recall\w*|discontinued by|no longer (?:sold|made|"
        r"available|covered))\b|"
        r"\b(?:insurance|medicaid|medicare|nhs)\b(?:[^.;]{0,40})|\bno (?:refills?|prescription|script|insurance|health insurance)\b|"
        r"\b(?:couldn't|could not|can't|cannot|unable to) (?:get|refill|find|see)\b[^.;]{0,40}|\blost my (?:insurance|job|meds|pills|"
        r"prescription)\b|"
        r"\b(?:didn't|did not|never|forgot to|haven't|need to|have to) (?:refill|renew|pick(?:ed)? up)\b|\bwait\w* (?:for|on) (?:my |"
        r"a |the )?(?:refill|prescription|script|pharmacy|doctor)\b|"
        r"\bleft (?:it|them|my \w+) (?:at|in) \w+"
    ),
    "forgot": r"\bforg[eo]t\w*|\bslipped my mind\b|\b(?:didn't|did not) remember\b|\bcan't remember to\b|\bfell asleep (?:before|"
    "without)\b|\bspaced (?:it|on)\b|\bdid(?:n't| not) think (?:of|about) it\b|\btoo busy\b|\bbusy\b",
    "felt_fine": (
        r"\b(?:felt|feel|feeling|was feeling|am feeling|i'm|was|am) (?:so |much |a lot |really |very |pretty |totally |completely |"
        r"all |just )*(?:fine|better|good|great|ok|okay|well|normal|cured|healthy)\b|"
        r"\b(?:don't|didn't|do not|did not|no longer) (?:think i )?(?:really )?need(?:ed)?\b[^.;]{0,25}|\b(?:symptoms|it|"
        r"" + FINDING + r") (?:were |was |had |is |are )?(?:gone|cleared up|went away)\b|\bno more symptoms\b|\bthought i (?:was|"
        r"could)\b[^.;]{0,30}"
    ),
    "fear": (
        r"\b(?:scared|afraid|fear(?:ed|ful|s)?|frightened|terrified|worried|worry|nervous about|anxious about|paranoid about|"
        r"freaked out)\b[^.;]{0,40}|"
        r"\b(?:didn't|don't|did not|do not) (?:want|wanna|like) (?:to )?(?:get|be|become|the idea)\b[^.;]{0,40}|\b(?:addict\w*|"
        r"dependen\w*|dependency|black box|warning label|"
        r"horror stories|long[- ]term effects|read (?:about|that|online|on)[^.;]{0,30})\b|\bpregnan\w+|\btrying (?:to conceive|"
        r"for a baby)|\bbreast ?feed\w*"
    ),
    "no_effect": (
        r"\b(?:did|does|do|was|is|were|are|has|have)(?:n't|nt| not) (?:really |even |seem to be |seem to |be |been )*(?:help\w*|"
        r"work\w*|effective|do(?:ing)? (?:anything|much)|enough|"
        r"ma(?:de|ke|king) (?:a|any) difference)|\bno (?:effect|benefit|improvement|difference|relief|help|change)s?\b|"
        r"\bstopped (?:helping|working(?: [^o]|[.,;!)]|$))|\b(?:did|doing|does|done) nothing\b|"
        r"\b(?:ineffective|useless)\b|\bno longer (?:work\w*|help\w*|effective)\b|\bnever (?:worked|helped)\b|\bwasn't getting better\b"
    ),
    "side_effect": (
        r"\b(?:side|ill|adverse) ?-?(?:effects?|affects?|reactions?)\b|\bs/e\b|\b(?:made|makes|making|gave|gives|giving|caused|"
        r"causing|left) (?:me|my)\b[^.;]{0,40}|\bcould(?:n't|nt| not) "
        r"(?:take|handle|stand|tolerate|deal with|bear|function|stop|sleep|eat)\b[^.;]{0,40}|\b(?:intolerable|unbearable|allergic|"
        r"allergy|reaction|too sick|so sick|sick|"
        r"zombie|got worse|feel worse|felt worse|felt (?:awful|terrible|horrible)|felt like)\b|\bgained\b[^.;]{0,20}|\btoo (?:strong|"
        r"much for me|harsh|many)\b"
    ),
}  # fmt: skip
_BECAUSE = (
    r"\b(?:because of|because|since|due to|bc of|bc|cuz of|cuz|cause of|cos|b/c|as i|as it|on account of|over the|over|so i|after|"
    r"thanks to|"
    r"reason (?:was|is|being)|when|couldn't stand|couldn't take|couldn't tolerate)\b"
)
_BY_FINDING = (
    r"(?:because of|because|due to|bc of|cuz of|cause of|from|over|couldn't (?:stand|take|handle|tolerate|deal with)|hated|"
    rf"as|since|with) [^.;]{{0,40}}{FINDING}"
)
_STATED = r"\b(?:because|due to|bc|cuz|b/c|on account of|reason (?:was|is|being))\b(?: of)? ?([^.;,]{3,60})"


def reason(words: pl.Expr, *, plainly: bool = False) -> tuple[pl.Expr, pl.Expr]:
    """A code of `REASONS` (empty if none is given) and the words that gave it.

    plainly: the words are a sentence after the event, where only those count that can be nothing but a reason.

    >>> told = pl.DataFrame({"t": ["i stopped it, too expensive", "quit because of the F", "missed it", "stopped because my cat ate it"]})
    >>> code, said = reason(pl.col("t"))
    >>> told.select(code.alias("code"), said.alias("said")).rows()
    [('cost', 'too expensive'), ('side_effect', 'because of the F'), ('', ''), ('other', 'my cat ate it')]
    """
    words = words.fill_null("")
    found: list[tuple[str, pl.Expr]] = [
        (code, words.str.extract(plain(rf"({pattern})"), 1)) for code, pattern in _WORDS.items() if not (plainly and code == "felt_fine")
    ]
    if not plainly:
        found.append(("side_effect", words.str.extract(rf"\b({_BY_FINDING})", 1)))
        found.append(("other", words.str.extract(_STATED, 1)))
    code, said = pl.lit(""), pl.lit("")
    for name, hit in reversed(found):
        code = pl.when(hit.is_not_null()).then(pl.lit(name)).otherwise(code)
        said = pl.when(hit.is_not_null()).then(hit.str.strip_chars()).otherwise(said)
    return code, said


FROM_TO = rf"\bfrom (?:\w+ ){{0,3}}{DRUG}[^.;]{{0,30}}?\b(?:to|onto) (?:\w+ ){{0,3}}{DRUG}"
TO_FROM = (
    r"\b(?:switch\w*|chang\w*|mov\w*|went|transition\w*|swap\w*) [^.;]{0,20}?\b(?:to|"
    rf"onto) (?:\w+ ){{0,3}}{DRUG}[^.;]{{0,20}}?\b(?:from|instead of|rather than|after) (?:\w+ ){{0,4}}{DRUG}"
)
SWAPPED = (
    rf"\b(?:switch\w*|replac\w*|swap\w*|trad\w*|exchang\w*|substitut\w*) (?:\w+ ){{0,3}}{DRUG} (?:\w+ )?(?:for|with|to|"
    rf"by) (?:\w+ ){{0,3}}{DRUG}"
)
"""Two drugs named in one go: from the first to the second (`FROM_TO`, `SWAPPED`), or the other way (`TO_FROM`)."""

ONLY_TO = (
    r"\b(?:switch\w*|chang\w*|mov\w*|swap\w*|transition\w*|put) (?:me |him |her |us |over |meds? |it |my \w+ )*(?:to|onto|on|"
    rf"for|with) (?:\w+ ){{0,3}}{DRUG}"
)
ONLY_FROM = (
    rf"\b(?:switch\w*|chang\w*|mov\w*|swap\w*|transition\w*) (?:me |him |her |us |over |meds? )*(?:from|"
    rf"off)(?: of)? (?:\w+ ){{0,3}}{DRUG}"
)

TOGETHER = (
    rf"(?:{DRUG}(?: |,)+(?:and|with|\+|&|plus|together with|combined with|mixed with|on top of|along with|alongside|"
    rf"taken with)(?: \w+){{0,2}} {DRUG})"
)
_DID = r"(?:gave|gives|give|made|makes|make|caused|causes|cause|left|sent|put|triggered|trigger|causing|making|giving)"
INTERACTION = (
    rf"{TOGETHER}[^.;]{{0,20}}\b{_DID} (?:me|my|him|her|us)|{TOGETHER} (?:together )?{_DID}\b|"
    rf"\b(?:mix\w*|combin\w*|interact\w*|interfer\w*) [^.;]{{0,20}}?(?:{DRUG}|it|them)[^.;]{{0,15}}?\b(?:with|and)(?: \w+){{0,3}} {DRUG}|"
    rf"\b(?:tak\w+|took|on|using|adding) (?:\w+ )?{DRUG}(?: |,)+(?:and|with|\+|&|plus|together with|on top of|along with|alongside|to|"
    rf"at the same time as)(?: \w+){{0,3}} {DRUG}"
    rf"(?: together| at the same time| both)?[^.;]{{0,20}}\b{_DID}\b|{TOGETHER} (?:together|interact\w*|don't mix|do not mix|combo|"
    rf"combination|mix)\b|"
    rf"\binteraction (?:between|of|with)\b[^.;]{{0,20}}{DRUG}"
)
"""Two drugs that did something together."""

STOPPED = (
    r"\b(?:quit|quitting|stopped|discontinued|came off|got off|went off|gave up|ditched|dropped|weaned off|tapered off|"
    rf"no longer take|no longer taking|took myself off|done with) (?:of |taking |using |my |the )*(?:{IT})"
)
