"""Words that call for a human at once: self-harm, overdose, emergency. Tuned for recall; never an automatic act, never a diagnosis.

A hit says which words fired. It stops every message to the person (the safety stop of the decision loop) until a human clears it; it feeds
no policy. Of public posts only counts are looked at.
"""

from __future__ import annotations

import polars as pl

from heedful.core.registry import METHODS, Card, Method

CARD = Card(
    name="language.crisis_words",
    definition="Phrases of self-harm, overdose or an emergency, in that order, with the words that fired.",
    units="1",
    reference="Phrases of our own after the levels of the C-SSRS (Posner 2011), poison-center triage and first-aid advice on when to call.",
    limits="English only; no context is read, so that a quotation, a worry about somebody else or a denial fires as well; who writes "
    "the words ('I am tired of all this') is missed.",
)
METHODS.add(CARD.name, Method(CARD))

_SELF = r"my\s?-?self"
_LIFE = r"(?:my (?:own )?life|it all)"
_NOT = r"(?:don['’]?t|do not|didn['’]?t|did not|no longer|never|can['’]?t|cannot|can not)"

_PHRASES: dict[str, str] = {
    "self_harm": (
        r"kill(?:ed|ing)? my\s?-?self|kms\b|unalive|off(?:ing)? my\s?self|hang(?:ing)? my\s?self|shoot(?:ing)? my\s?self|"
        r"drown(?:ing)? my\s?self|"
        rf"(?:end|ending|ended|take|taking|took) {_LIFE}|end(?:ing)? my (?:pain|suffering)|suicid\w*|sewer ?slide|parasuicid\w*|"
        rf"\bsi thoughts|"
        r"(?:want|wanted|wanna|wish|ready|like|going|deserve|hoping|need) (?:to|i could|i would|i was|i were|"
        r"i['’]?d)? ?(?:just )?(?:die|be dead|dead|disappear forever|not exist|"
        r"never wake up|not wake up|stop existing|cease to exist)|wanna die|wan['’]?t to die|(?:i|i['’]?d) (?:would )?(?:rather|"
        r"sooner) (?:die|be dead)|better off (?:dead|without me)|"
        rf"{_NOT} (?:want|wanna|wish) (?:to )?(?:live|be alive|exist|be here|wake up|go on|be around)|{_NOT} (?:see|have|find) (?:a|"
        rf"any|the)? ?(?:reason|point) (?:to|in|for) (?:liv\w+|"
        r"go\w* on|life|continu\w+)|no (?:reason|point|will|desire) (?:to|in|for) (?:liv\w+|go\w* on|life|continu\w+)|"
        r"not worth living|(?:tired|sick) of (?:living|life|being alive)|"
        r"life (?:is|isn['’]?t|is not) (?:not )?worth (?:living|it)|(?:hate|done with) (?:my life|living|being alive)|"
        r"can['’]?t (?:go on|do this anymore|take (?:it|this) any ?more|live like this)|"
        rf"self[- ]?(?:harm|injur)\w*|(?:cut|cutting|hurt|hurting|harm|harming|burn|burning|starv\w+) {_SELF}|my (?:cuts|scars)|"
        rf"slit(?:ting)? my wrists?|razor ?blades?|"
        r"(?:planned|plan|planning|method|note|attempt\w*) (?:of |to |for |my )?(?:suicide|end(?:ing)? (?:it|my)|die|kill)|"
        r"tried to (?:die|kill)|jump(?:ing)? (?:off|in front of)|"
        r"thoughts? (?:of|about) (?:dying|death|ending|suicide|killing|not being)|think(?:ing)? (?:of|about) (?:dying|death|"
        r"ending (?:it|my)|suicide|killing)"
    ),
    "overdose": (
        r"overdos\w*|\bod(?:['’]?d|ing|ed)?\b (?:on|of|from)|took (?:all|too many|the whole bottle|a (?:whole |full )?bottle|"
        r"way too (?:many|much)|\d{2,} ?(?:pills?|tablets?|of my))"
        r"(?: of)?(?: my| the| these)?(?: pills?| tablets?| meds?)?|swallow\w* (?:all|a bottle|the whole|the bottle|\d{2,}|too many)|"
        r"(?:took|taken|taking) (?:too much|double|triple) (?:of )?(?:my )?"
        r"(?:\w+ )?(?:dose|medication|meds|insulin|pills)|poison(?:ed|ing)? (?:myself|control)|drank (?:bleach|antifreeze)|(?:mixed|"
        r"took|taken) (?:\w+ ){0,4}with (?:a lot of |lots of )?(?:alcohol|vodka|whiskey|booze)"
    ),
    "emergency": (
        r"can['’]?t breathe|cannot breathe|can not breathe|struggling to breathe|trouble breathing|(?:throat|tongue|face|"
        r"lips?) (?:is |are |was |were |has |have )?(?:\w+ )?(?:clos\w+|swell\w*|swollen)|"
        r"swollen (?:throat|tongue)|anaphyla\w+|chest pains?|pain in (?:my )?chest|crushing (?:pain|chest)|(?:i['’]?m|i am|im|i was|"
        r"he['’]?s|she['’]?s|he is|she is) having a (?:heart attack|stroke)|face (?:is )?droop\w*|(?:can['’]?t|cannot|"
        r"unable to) (?:feel|move) (?:my )?"
        r"(?:left |right )?(?:arm|leg|face|side|legs|arms)|slurr(?:ed|ing) (?:speech|words?|my)|coughing (?:up )?blood|"
        r"vomiting (?:up )?blood|throwing up blood|bleeding (?:heavily|that|and (?:it )?won['’]?t)|won['’]?t stop bleeding|"
        r"passed out|unconscious|(?:had|having) a seizure|seizure(?:s)? (?:for|that|lasting)|call(?:ed|ing)? (?:an ambulance|911|999|"
        r"112|000)|blue lips|turn(?:ed|ing) blue"
    ),
}


def _of_letters(pattern: str) -> str:
    """`pattern` with word characters and edges of ASCII alone: those of Unicode take Rust's regex engine off its fast path (60 times)."""
    return pattern.replace(r"\w", "[0-9A-Za-z_]").replace(r"\d", "[0-9]").replace(r"\b", r"(?-u:\b)")


CRISIS_KINDS: dict[str, str] = {kind: _of_letters(rf"(?i)\b(?:{phrases})") for kind, phrases in _PHRASES.items()}
"""A pattern of each kind, for Rust's regex engine: linear in the text."""

CRISIS_PATTERN = _of_letters(rf"(?i)\b(?:{'|'.join(_PHRASES.values())})")
"""Any of them."""

CRISIS_CONCEPTS = ("HP:0031589", "HP:0100716", "HP:0000742", "HP:5200330", "condition:overdose")
"""Concepts of the vocabularies that say the same: suicidal thoughts and acts, self-injury, overdose. Of public authors they are counted,
as other concepts are, but no row of one is shown."""


def crisis_words(texts: pl.Series) -> pl.Series:
    """The first words of each text that fired, or null; self-harm goes before overdose, and that before emergency.

    >>> crisis_words(pl.Series(["I want to die", "dying to see you", None])).to_list()
    ['want to die', None, None]
    """
    return crises(texts)["words"].rename(texts.name)


def crises(texts: pl.Series) -> pl.DataFrame:
    """The kind of each text (self_harm, overdose, emergency) and the words that fired, one row a text; null where none did.

    >>> crises(pl.Series(["I took all my pills", "my throat is closing", "fine"])).rows()
    [('overdose', 'took all my pills'), ('emergency', 'throat is closing'), (None, None)]
    """
    told = pl.DataFrame({"text": texts.cast(pl.String)})
    found = [(kind, pl.col("text").str.extract(f"({pattern})", 1)) for kind, pattern in CRISIS_KINDS.items()]
    kind = pl.coalesce(pl.when(words.is_not_null()).then(pl.lit(name)) for name, words in found)
    return told.select(kind=kind, words=pl.coalesce(words for _, words in found))
