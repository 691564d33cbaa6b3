"""What a text does with a claim that it is about: spreads, refutes, asks, jokes, or unclear. Rules and cues of our own, English.

In this order: a mark of irony; a word that rejects the claim ("myth", "no evidence", "not true"), unless it is taken back ("not a myth") or
a word of the claim itself; a negation among the claim's words that the claim does not have, or the other way round; a question; a joke;
a report from a distance ("some say"), which is unclear; else the text spreads the claim if it holds at least half of the claim's words.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from heedful.core.registry import METHODS, Card, Method
from heedful.language.stop_words import CLAIM_WORDS, STOP_WORDS

CARD = Card(
    name="language.stance",
    definition="Spreads, refutes, asks, jokes or unclear: the first rule that a text and a claim in the same words meet, with the cue.",
    units="1",
    reference="Rules of our own; the four stances after Zubiaga et al. 2016 (support, deny, query, comment) with jokes apart.",
    limits="English. Irony without a mark is taken at its word; a refutation in other words, or by an antonym, is taken for spreading. "
    "Who quotes a claim to refute it in a picture or a thread is not seen.",
)
METHODS.add(CARD.name, Method(CARD))

STANCES = ("spreads", "refutes", "asks", "jokes", "unclear")
_STEM = 6
"""Letters of a word that count."""
_ENDINGS = ("ings", "ing", "ed", "es", "s", "e")

IRONY = ("/s", "#sarcasm", "#satire", "#irony", "satire", "sarcasm", "parody", "the onion", "#joke")
JOKES = (
    "lol", "lmao", "lmfao", "rofl", "haha", "hahaha", "hahah", "hehe", "jk", "j/k", "just kidding", "only joking", "kidding aside",
    "yeah right", "sure jan", "😂", "🤣", "😹", "🤡", "💀", "#lol", "meme", "funniest", "hilarious",
)  # fmt: skip
REJECTS = (
    "myth", "myths", "hoax", "hoaxes", "debunk", "debunked", "debunking", "debunks", "disproved", "disproven", "refuted", "refutes",
    "refuting", "false", "falsely", "fake", "misinformation", "disinformation", "misleading", "untrue", "not true", "isnt true",
    "aint true", "not correct", "incorrect", "no evidence", "zero evidence", "no proof", "no scientific", "no truth", "no basis",
    "not proven", "not been proven", "never been proven", "unproven", "no such thing", "no reason to believe", "no link", "found no",
    "show no", "shows no", "showed no", "fact check", "factcheck", "fact checked", "fact checkers", "bogus", "baseless", "unfounded",
    "nonsense", "rubbish", "bs", "bullshit", "crap", "garbage", "quackery", "quack", "wrong", "lie", "lies", "lying", "scam",
    "dont believe", "do not believe", "doesnt believe", "dont fall for", "do not fall for", "stop spreading", "stop sharing",
    "stop saying", "stop claiming", "stop telling", "stop believing", "dont spread", "dont share", "contrary to", "conspiracy theory",
    "conspiracy theories", "ridiculous", "absurd", "pseudoscience", "doubt that", "i doubt", "highly doubt", "impossible", "wont happen",
    "disagree", "as if", "old wives tale", "wives tale", "superstition",
)  # fmt: skip
TAKEN_BACK = ("not", "isnt", "arent", "wasnt", "no", "never", "aint", "hardly", "cant be")
"""Within three words before a rejecting word they turn it round."""
OTHERS_REJECT = (
    "call it", "calls it", "call this", "call that", "calling it", "labelled", "labeled", "dismissed as", "dismissed it", "they say its",
    "they say it is", "they said it was", "think its", "thought it was", "thought this was", "supposedly",
)  # fmt: skip
"""Likewise, within six words."""

ASKS = (
    "is it true", "is that true", "is this true", "true or false", "fact or fiction", "anyone know", "anybody know", "does anyone",
    "does anybody", "has anyone", "has anybody", "wondering if", "wondering whether", "wonder if", "wonder whether", "not sure if",
    "not sure whether", "unsure if", "unsure whether", "dont know if", "dont know whether", "can someone confirm", "can anyone confirm",
    "could someone explain", "can someone explain", "any truth", "any evidence", "any proof", "asking whether", "asked if", "asking if",
    "curious if", "curious whether",
)  # fmt: skip
NO_QUESTION = (
    "did you know", "do you know that", "didnt you know", "who knew", "why do you think", "when will people", "when will they",
    "what if i told you", "how is this not", "want to know why", "how long until", "need more proof", "guess what",
)  # fmt: skip
DISTANT = (
    "claim that", "claims that", "claimed that", "claiming that", "people claim", "they claim", "some claim", "allegedly", "alleged",
    "supposedly", "so called", "rumor has it", "rumour has it", "rumors that", "rumours that", "rumor that", "rumour that",
    "people think", "people believe", "people say", "some say", "some people", "some believe", "many believe", "believe that",
    "belief that", "theory that", "the idea that", "whether", "conspiracy theorists", "antivaxxers say", "antivaxxers claim",
)  # fmt: skip
NEGATORS = frozenset((
    "not", "no", "never", "cannot", "cant", "dont", "doesnt", "didnt", "isnt", "arent", "wasnt", "werent", "wont", "wouldnt", "couldnt",
    "shouldnt", "hasnt", "havent", "hadnt", "neither", "nor", "nobody", "nothing", "none", "aint", "without", "fails", "failed", "unable",
    "hardly", "zero",
))  # fmt: skip
NO_NEGATION = (
    "not only", "not just", "not gonna lie", "not going to lie", "no doubt", "no wonder", "no joke", "no kidding", "why not",
    "cant believe", "cannot believe", "dont forget", "do not forget", "never forget", "dont tell", "dont want you to know", "no question",
    "cant deny", "cannot deny", "not a joke", "no lie", "dont let", "if not", "or not", "dont you", "didnt you", "doesnt it", "isnt it",
    "no longer deny", "not surprised", "dont care", "nobody tells", "nobody talks", "no one tells", "never told", "not told", "wont tell",
    "dont need",
)  # fmt: skip
_BORDERS = frozenset(
    [",", ";", ":", "because", "but", "so", "since", "and", "although", "though", "while", "when", "as", "if", "which", "who", "that"]
)
_REACH = 4
"""Words after a negator that it may deny."""

_WORD = re.compile(r"[\w'’]+|/s\b|j/k|#\w+|[😂🤣😹🤡💀]")
_WORD_OR_COMMA = re.compile(rf"{_WORD.pattern}|[,;:]")
_SENTENCE = re.compile(r"[^.!?\n…]*[.!?\n…]*")


@dataclass(frozen=True)
class _Claim:
    stems: frozenset[str]
    words: frozenset[str]
    negated: bool


def stances(texts: Sequence[str], claims: Sequence[str]) -> pl.DataFrame:
    """The stance of each text towards the claim beside it: columns `stance` (one of `STANCES`), `cue` ('' if none decided), `evidence`
    (words of the claim that the text holds, in the text's order).

    >>> stances(["Garlic does NOT cure the flu", "does garlic cure the flu?"], ["Garlic cures the flu."] * 2)["stance"].to_list()
    ['refutes', 'asks']
    """
    known: dict[str, _Claim] = {}
    rows = [_stance(text, known.setdefault(claim, _claim(claim))) for text, claim in zip(texts, claims, strict=True)]
    return pl.DataFrame(rows, schema={"stance": pl.String, "cue": pl.String, "evidence": pl.String}, orient="row")


def content_stems(text: str) -> set[str]:
    """Stems of the words that say something."""
    return {_stem(word) for word in _words(text) if word not in STOP_WORDS}


def telling_stems(claim: str) -> set[str]:
    """Stems of the words that tell a claim from other claims of health: all that say something, if there is no such word.

    >>> sorted(telling_stems("5G towers spread the coronavirus."))
    ['5g', 'tower']
    """
    common = {_stem(word) for word in CLAIM_WORDS}
    return content_stems(claim) - common or content_stems(claim)


def holds(text: str, claim: str) -> bool:
    """Whether a text holds at least two of a claim's words that say something, and more than half of those that tell it from others."""
    said, telling = content_stems(text), telling_stems(claim)
    return len(said & content_stems(claim)) >= min(2, len(content_stems(claim))) and 2 * len(said & telling) > len(telling)


def _claim(claim: str) -> _Claim:
    words = _words(claim)
    return _Claim(frozenset(content_stems(claim)), frozenset(words), any(word in NEGATORS for word in words))


def _stance(text: str, claim: _Claim) -> tuple[str, str, str]:
    words = _words(text)
    evidence = list(dict.fromkeys(word for word in words if _stem(word) in claim.stems and word not in STOP_WORDS))
    share = len({_stem(word) for word in evidence}) / max(len(claim.stems), 1)
    stance, cue = _rules(text, words, claim, share)
    return stance, cue, " ".join(evidence)


def _rules(text: str, words: list[str], claim: _Claim, share: float) -> tuple[str, str]:
    line = f" {' '.join(words)} "
    if cue := _first(line, IRONY, claim):
        return "jokes", cue
    if cue := _first(line, ("is it true", "is that true", "is this true", "true or false", "fact or fiction", "any truth"), claim):
        return "asks", cue
    rejected, taken_back = _rejection(words, claim)
    denied = _denial(text, claim)
    asked = _question(text, line, claim)
    if rejected and not asked:
        return "refutes", rejected
    if bool(denied) != claim.negated and not asked and not taken_back:
        if denied:
            return "refutes", denied
        if share > 0.5:
            return "refutes", "the claim's 'not' is missing"
    if asked:
        return "asks", asked
    if cue := _first(line, JOKES, claim):
        return "jokes", cue
    if (cue := _first(line, DISTANT, claim)) and not taken_back:
        return "unclear", cue
    return ("spreads", taken_back) if share >= 0.5 else ("unclear", "")


def _first(line: str, cues: Sequence[str], claim: _Claim) -> str:
    """The first of the cues in a line of words, unless it is the claim's own."""
    return next((cue for cue in cues if f" {cue} " in line and not set(cue.split()) <= claim.words), "")


def _rejection(words: list[str], claim: _Claim) -> tuple[str, str]:
    """The cue that rejects the claim, or else the one that takes a rejection back."""
    line = f" {' '.join(words)} "
    back = ""
    for cue in REJECTS:
        if set(cue.split()) <= claim.words:
            continue
        at = line.find(f" {cue} ")
        while at >= 0:
            before = line[:at].split()
            turned = _last(before[-3:], TAKEN_BACK, claim) or _last(before[-6:], OTHERS_REJECT, claim)
            if not turned:
                return cue, ""
            back = f"{turned} … {cue}"
            at = line.find(f" {cue} ", at + 1)
    return "", back


def _last(words: list[str], turns: Sequence[str], claim: _Claim) -> str:
    """Which of the turns stands among the words and is none of the claim's own."""
    line = f" {' '.join(words)} "
    return next((turn for turn in turns if f" {turn} " in line and not (claim.negated and turn in claim.words)), "")


def _denial(text: str, claim: _Claim) -> str:
    """A negator close before a word of the claim, in a sentence that holds at least two of them."""
    for sentence in _sentences(text):
        line = f" {' '.join(_words(sentence, commas=True))} "
        for phrase in NO_NEGATION:
            line = line.replace(f" {phrase} ", f" {phrase.replace(' ', '_')} ")
        words = line.split()
        own = [_stem(word) in claim.stems and word not in STOP_WORDS for word in words]
        if sum(own) < 2:
            continue
        for at, word in enumerate(words):
            if word not in NEGATORS:
                continue
            for near in range(at + 1, min(at + 1 + _REACH, len(words))):
                if words[near] in _BORDERS:
                    break
                if own[near]:
                    return f"{word} {words[near]}"
    return ""


def _question(text: str, line: str, claim: _Claim) -> str:
    """The words that ask: a cue, or the question mark of a sentence that holds words of the claim."""
    if any(f" {phrase} " in line for phrase in NO_QUESTION):
        return ""
    if cue := _first(line, ASKS, claim):
        return cue
    sentences = _sentences(text)
    for n, sentence in enumerate(sentences):
        if not sentence.rstrip().endswith("?"):
            continue
        words = _words(sentence)
        if sum(_stem(word) in claim.stems for word in words) >= min(2, len(claim.stems)):
            return "?"
        if n and len(words) <= 3 and {"true", "really", "right", "real", "serious", "thoughts", "legit", "correct"} & set(words):
            return sentence.strip()
    return ""


def _sentences(text: str) -> list[str]:
    return [part for part in _SENTENCE.findall(text) if part.strip()]


def _stem(word: str) -> str:
    """A crude stem: without a usual ending, and no longer than six letters."""
    ending = next((ending for ending in _ENDINGS if word.endswith(ending) and len(word) >= len(ending) + 3), "")
    return word[: len(word) - len(ending)][:_STEM]


def _words(text: str, *, commas: bool = False) -> list[str]:
    found = (_WORD_OR_COMMA if commas else _WORD).findall(text.lower().replace("-", " "))
    return [word.replace("'", "").replace("’", "") for word in found]
