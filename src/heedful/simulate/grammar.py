"""A small grammar of posts: sentences of our own with slots, each kind with what it truly says about whom.

Kinds of talk: present, negated, family, figurative, relief, question, hypothetical, news, chatter; of drugs: adverse, benefit,
withdrawal, stop, missed_dose, taking; and rumour. Drawing is done by the caller, who hands in numbers.
"""

from __future__ import annotations

from dataclasses import dataclass

OPENERS = ("", "", "", "ugh, ", "so ", "ok, ", "well, ", "today: ", "update: ", "honestly, ", "not gonna lie, ", "hey all, ")
CLOSERS = ("", "", "", " again", " right now", " today", " lol", " :(", " smh", " tbh", " ...", " since this morning")


@dataclass(frozen=True)
class Kind:
    """A kind of talk: its sentences, and the truth about the symptom in it ('' where the symptom is no finding at all).

    A sentence names no finding beside its slot's.
    Slots: {s} a symptom, {d} a drug, {r} a relative, {p} a town, {w} what the drug is taken for.
    `axis`: of the drug experience told, if one is.
    """

    name: str
    sentences: tuple[str, ...]
    assertion: str = ""
    experiencer: str = ""
    axis: str = ""
    framed: bool = True


KINDS = {
    kind.name: kind
    for kind in (
        Kind(
            "present",
            (
                "I have {s}", "woke up with {s}", "I've got {s} and I'm staying in bed", "I came down with {s}", "day two of {s}",
                "home from work with {s}", "{s} is ruining my week", "no work today with {s} like this", "I am dealing with {s}",
                "this morning I had {s}", "not my day, I have {s}",
            ),
            "present", "self",
        ),
        Kind(
            "negated",
            (
                "no sign of {s} so far, lucky me", "I don't have {s}", "tested fine, no {b} at all", "I never had {s}",
                "everybody at work is ill but I have no {b}",
            ),
            "absent", "self",
        ),
        Kind(
            "family",
            (
                "my {r} has {s}", "my {r} woke up with {s}", "took my {r} to the doctor because of {s}",
                "my poor {r} came down with {s}",
                "my {r} is in bed with {s}",
            ),
            "present", "family",
        ),
        Kind(
            "figurative",
            (
                "this meeting is giving me {s}, I swear", "Saturday night fever at the club", "my tax return is one big headache",
                "that speech gave me chills, what a voice",
                "gold fever is back on the stock market", "this code is a headache, who wrote it",
            ),
        ),
        Kind(
            "relief",
            (
                "finally no more {b}", "my {b} is gone, what a relief",
                "so happy that the {b} has stopped", "the {b} went away overnight",
            ),
            "resolved", "self",
        ),
        Kind(
            "question",
            ("does anybody know what helps against {b}?", "is {b} a reason to see a doctor?", "what do you all take for {b}?"),
            "question", "", framed=False,
        ),
        Kind(
            "hypothetical",
            ("if I get {s} I will stay home", "I would call a doctor if I had {s}", "in case of {b} I keep tea at home"),
            "hypothetical", "self",
        ),
        Kind(
            "news",
            (
                "news: the flu season has begun, says the health department", "article on the flu and who should get a shot",
                "clinics in {p} report more flu this week", "podcast on how the flu spreads",
                "flu shots are free at the pharmacy this week",
            ),
            framed=False,
        ),
        Kind(
            "chatter",
            (
                "the game last night was unreal", "anyone up for tacos later?", "my cat knocked over the plant", "new bike day",
                "traffic is terrible on the bridge", "looking for a good book to read", "coffee first, questions later",
                "it is snowing in {p}",
                "that new show is really good", "happy friday everyone", "my phone died on the train", "sunset in {p} was lovely",
                "does this jacket come in green?", "third attempt at sourdough and it rose", "the bus in {p} was late",
                "studying for finals with my roommates", "who else is watching the match", "rent went up, time to move",
                "the dog learned to open the fridge", "made soup and it was great",
            ),
        ),
        Kind(
            "contact",
            ("selling my bike, mail me at rider@example.com", "call 555-0142 for the keys", "photos are on https://example.org/p/77"),
            framed=False,
        ),
        Kind(
            "adverse",
            (
                "{d} gives me {s}", "since I started {d} I have {s}", "{s} from the {d} is the worst",
                "the {d} makes me sick, {s} every day",
                "week two on {d} and I have {s}",
            ),
            "present", "self", "adverse",
        ),
        Kind(
            "benefit",
            ("{d} really helps with {w}", "{d} has been a life saver for {w}", "{w} is so much better since {d}"),
            axis="benefit",
        ),
        Kind(
            "withdrawal",
            ("came off {d} last week and now I have {s}", "two days without {d} and the {b} is awful", "tapering {d}, hello {b}"),
            "present", "self", "withdrawal",
        ),
        Kind("stop", ("I stopped taking {d}", "I quit {d} for good", "done with {d}, stopped it yesterday"), axis="stop"),
        Kind(
            "missed_dose",
            ("forgot my {d} last night", "missed my {d} this morning", "I forgot to take my {d} two days in a row"),
            axis="missed_dose",
        ),
        Kind("taking", ("day 40 on {d}", "picked up my {d} at the pharmacy", "I take {d} for {w}", "started {d} for {w} this week")),
        Kind(
            "rumour",
            (
                "garlic water cures the flu, share this", "they do not want you to know: garlic water cures the flu",
                "my neighbor says garlic water cures the flu in one day", "doctors hide it: garlic water cures the flu",
            ),
            framed=False,
        ),
        Kind("crisis", ("I do not want to be alive anymore",), framed=False),
    )
}  # fmt: skip

DRUG_KINDS = ("adverse", "benefit", "withdrawal", "stop", "missed_dose", "taking")


def bare(noun: str) -> str:
    """A symptom's noun without article and adjective, for "no more …".

    >>> bare("a pounding headache"), bare("the chills"), bare("a sore throat"), bare("a high temperature")
    ('headache', 'chills', 'sore throat', 'high temperature')
    """
    words = [word for word in noun.split() if word not in ("a", "the", "bad", "pounding", "terrible", "awful")]
    return " ".join(words)


def sentence(kind: Kind, draws: tuple[int, int, int], *, symptom: str, drug: str, relative: str, place: str, purpose: str) -> str:
    """One post of a kind. `draws` are three non-negative numbers that choose the sentence, its opener and its closer.

    >>> sentence(KINDS["family"], (0, 0, 0), symptom="a fever", drug="", relative="mom", place="", purpose="")
    'my mom has a fever'
    """
    text = kind.sentences[draws[0] % len(kind.sentences)]
    text = text.format(s=symptom, b=bare(symptom), d=drug, r=relative, p=place, w=purpose)
    if not kind.framed:
        return text
    return OPENERS[draws[1] % len(OPENERS)] + text + CLOSERS[draws[2] % len(CLOSERS)]


def says_symptom(kind: Kind, draw: int) -> bool:
    """Whether the sentence that `draw` chooses names the symptom in its slot."""
    text = kind.sentences[draw % len(kind.sentences)]
    return "{s}" in text or "{b}" in text
