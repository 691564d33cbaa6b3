"""On which axis something is told of a treatment: patterns of words around a drug (sign DRUG) or a finding (sign FINDING).

Patterns look at masked sentences (`heedful.language.masking`), in lower case. What a kernel's rule has decided for a mention stands; these
add what needs the drug, the sentence's shape or the sentence before.
"""

from __future__ import annotations

import polars as pl

from heedful.language.masking import DRUG, FINDING

D, F = DRUG, FINDING
_MED = r"(?:drug|med|meds|medication|medicine|pill|pills|stuff|tablet|tablets|treatment|dose)"
IT = rf"(?:{D}(?: ?(?:xr|er|sr|cr|xl))?|it|this|this {_MED}|the {_MED}|that {_MED}|my {_MED}|these {_MED}|those {_MED})"
"""A treatment by its name, or by what stands for it."""

_ADVERB = (
    r"(?:really|definitely|has|have|had|did|does|do|also|just|so|very|actually|greatly|certainly|totally|completely|absolutely|been|"
    r"being|"
    r"seems to|seemed to|seems to have|only|always|even|finally|truly|immensely|tremendously|is|was|does seem to|started to|"
    r"a|an|the|such|real|literally|honestly|is a|has been a|'s|'s been a?)"
)
_NUMBER = r"(?:\d+|an?|one|two|three|four|five|six|seven|eight|nine|ten|few|couple(?: of)?|several|some|many)"
_TIME = r"(?:minute|hour|day|night|week|month|year)s?"

ADVERSE_BEFORE = (
    rf"{IT} (?:{_ADVERB} )*(?:gives?|gave|giving|brings?|brought|left|leaves|makes?|made|making|causes?|caused|causing|got|had|has|sent|"
    rf"puts?|turns?|turned|triggers?|triggered|induces?|induced|increases?|increased)\b(?: (?:me|my|us|him|her|them|"
    rf"on)\b)?[^;:]{{0,60}}$|"
    rf"\b(?:side|ill|adverse|bad) ?-?(?:effects?|affects?|reactions?)\b[^.]{{0,120}}$|"
    rf"\b(?:on|taking|took|take|with|tried|started|starting|began|using|from|of|to|day \d+|week \d+) (?:\S+ ){{0,2}}{D}[^;]{{0,60}}?"
    r"\b(?:i|i'm|i've|ive|im|my|me|had|have|having|got|feel|felt|getting|started)\b[^;]{0,50}$|"
    rf"\b(?:since|after|ever since|when) (?:i |first |i've been )?(?:start\w*|beg[au]n\w*|tak\w+|took|on|been on|going on|went on|using|"
    rf"switch\w+|increas\w+|being on|the first|my first)\b[^;]{{0,80}}$|"
    rf"^(?:\S+ ){{0,3}}(?:{_NUMBER} {_TIME}|{_TIME} {_NUMBER}) (?:on|into|of|in|later)\b(?: taking)?[^;]{{0,60}}$|"
    rf"\b(?:damn|fuck\w*|blame|thanks to|thank you|hate|evil|curse|stupid) (?:\w+ )?{D}[^;]{{0,60}}$|"
    rf"^\W*{D}[,:-] (?:\w+ ){{0,2}}$"
)
ADVERSE_AFTER = (
    rf"^[^;.]{{0,30}}\b(?:from|because of|due to|thanks to|caused by|cuz of|bc of|blame|by|courtesy of|side effects? of|effects? of|"
    rf"after|since|while on|when on|while taking|when i took|when i take|on|with) (?:\w+ ){{0,2}}{D}|"
    rf"^[^;.]{{0,40}}\b(?:since|after|ever since|while|when) (?:i |i'm |i was |i've been |i have been |my |the )?(?:start\w*|beg[au]n\w*|"
    rf"taking|took|take|on|going on|went on|first) (?:\w+ )?(?:{IT})|"
    rf"^[^;.]{{0,30}}(?:[,:.-]|is|was|and) (?:\w+ )?(?:side ?-?(?:effects?|affects?))|"
    r"^[^;.]{0,20}\bas a (?:side )?(?:effect|result)\b"
)
"""Words before and after a finding that make it an effect of the drug."""

WITHDRAWAL = (
    r"\bwithdraw\w*|\bwithdrawl\w*|\bcold turkey\b|\bdiscontinu\w+|\bdetox\w*|\btaper\w*|\bwean\w*|"
    rf"\b(?:came|come|coming|get|got|getting|went|go|going|been|was|being|i'm|am|days?|weeks?|months?|hours?|completely|totally) off\b|"
    rf"\boff (?:of )?(?:my |the |these |those )?{IT}|\b(?:without|w/o) (?:\w+ ){{0,2}}{IT}|"
    rf"\b(?:miss|missed|misses|missing|skip|skipped|skipping|forget|forgot|forgetting) (?:\w+ ){{0,3}}(?:dose|doses|pill|pills|meds?|"
    rf"{D}|(?:taking|take) it|a (?:single )?day)(?:\b|$)|"
    rf"\b(?:quit|quitting|stopped|stopping|stop) (?:taking )?(?:\w+ )?(?:{IT}|suddenly|abruptly|all at once)|"
    rf"\b(?:ran|run|running) out(?: of)?\b|\b(?:didn't|did not|haven't|have not|not) tak(?:e|en)\b"
)
"""Words of a sentence that tell of doing without the drug: a finding beside them comes from that."""

GAVE = r"\b(?:made|makes|making|gave|gives|giving|caused|causes) (?:me|my)\b[^;]*$"
"""Words before a finding that make it an effect of what was named, or of what was spoken of."""

INDICATION = (
    rf"\b(?:prescribed|took|take|taking|taken|given|started|put on|been on|tried|use|used|using|dr\w*|doctor) [^;.]{{0,60}}\b(?:for|"
    rf"to treat|to help|"
    rf"to control|because of|due to) [^;.]{{0,60}}$|\b(?:diagnosed with|suffer\w* from|history of|struggl\w+ with|for (?:my|severe|"
    rf"chronic|mild|"
    rf"major|post|general\w*)) [^;.]{{0,40}}$|\b(?:before|prior to) (?:\w+ )?(?:{IT}|taking|starting)\b"
)
"""Words before a finding that make it what the drug is for."""

INDICATION_AFTER = (
    r"^[^.;]{0,60}\b(?:before (?:i |starting|taking)|since (?:childhood|i was|my teens)|for years before|all my life|"
    r"my whole life|runs in)\b"
)
"""Words after a finding that make it what the drug is for."""

LESS_OF_ANOTHER = r"\b(?:decreased?|reduced|less|lessened|lowered|lower|increased)\b[^,;/&]*[,;/&]"
"""Words before a finding that lessen another one, across a comma."""

PASSED = (
    rf"\b(?:after|within|in) (?:about |only |just |the )*(?:first |a )?(?:{_NUMBER} )?{_TIME}\b|^[^,;.]{{0,12}}\((?:\w+ )?(?:subsid|"
    rf"went|gone|wore|pass|resolv|stop|disappear)\w*|"
    r"^ (?:has |have |had |all )*(?:subsided|wore off|faded|passed|went away)\b"
)
AT_FIRST = r"\b(?:initial(?:ly)?|at first|first (?:few|couple|day|week|month|\d)\w*|beginning|side ?-?effects?|early)\b[^.;]*$"
"""Words beside a finding that is gone which make it an effect of the drug that passed, not an illness that it relieved."""

BETTER = (
    r"^ (?:is|are|was|were|got|has been|have been|has gotten|has become) (?:so |much |a lot |lot |way |far |really |finally |now |"
    r"almost |completely |all )*"
    r"(?:better|gone|improved|under control|manageable|calmer|controlled|in check)\b"
)
"""Words after a finding that say that it is less than it was."""

REPORTED = (
    r"\b(?:linked to|associated with|lawsuits?|attorneys?|stud(?:y|ies)|fda|patients|pts|risk of|risks|commercials?|adverts?|"
    r"can (?:cause|lead|result)|may (?:cause|lead)|could (?:cause|lead)|"
    r"treat(?:s|ed|ing|ment for)|side effects? (?:of|include)|according to|doctors warn|reports? (?:of|that)|reported|compared|"
    r"trials?|efficacy|#?asco\w*|mt @|rt @|https?|httpurl\w*|\.com|"
    r"overdos\w*|od(?:ing|'d)? on|if you|you (?:can|may|could|might|will|should)|your (?:doctor|doc|pain|anxiety|depression)|"
    r"some people|joke|lol what if)\b"
)
"""Words of a sentence about the drug as such, as news, adverts and advice are."""

_GOOD = (
    r"(?:better|great|good|fine|normal|wonderful|amazing|happy|happier|calm|calmer|like myself|like me|alive|human|stable|balanced|"
    r"relaxed|"
    r"fantastic|terrific|awesome|back to normal|at peace|confident|energetic|more energy|in control|more like|the difference)"
)
BENEFIT = (
    rf"\b(?:{IT}) (?:{_ADVERB} )*(?:helps|helped|helping|help|works|worked|working|saved|changed (?:my|our)|improved|improves|lifted|"
    rf"lifts|calms|"
    rf"calmed|relieved|relieves|eased|eases|cured|controls|controlled|stabilized|balanced|reduced|lowered|eliminated|took care of|"
    rf"took away|"
    rf"god ?-?send|life ?-?saver|miracle|blessing|wonderful|amazing|great|excellent|awesome|effective|fantastic|lifesaver|the best|"
    rf"wonders|success)\b|"
    rf"\bi(?:'m| am|'ve been| have been| feel| felt| now feel| started feeling| do feel| started to feel| was feeling| am feeling|"
    rf" finally feel)"
    rf"(?: (?:so|much|a lot|lot|way|really|very|now|feeling|just|more|finally|doing|the best|pretty|quite|absolutely|far|extremely|"
    rf"as))* {_GOOD}\b|"
    rf"\b(?:made|makes|making|keeps?|kept) me (?:feel )?(?:so |much |a lot |really |very |more |way )*(?:{_GOOD}|sane|level|happy|"
    rf"productive)\b|"
    rf"\b(?:mood|moods|anxiety|depression|sleep|energy|life|pain|outlook|temper|concentration|focus|blood pressure|cholesterol|"
    rf"allerg\w+|sugar|"
    rf"symptoms|{F})(?: \w+)?(?: (?:has|have|is|are|was|were|'s|got|has been|have been))?(?: (?:really|greatly|significantly|much|so|"
    rf"so much|"
    rf"drastically|way|a lot|dramatically|definitely|all|now|almost|completely|pretty|well|under|very))* (?:improved|better|lifted|"
    rf"controlled?|gone|"
    rf"disappeared|manageable|managed|calmer|subsided|decreased|lessened|normal|stable|went away|vanished)\b|"
    rf"\b(?:much|so much|a lot|way|far|lot) better (?:since|on|with|after|thanks|now|than before)\b|"
    r"\bi can (?:now |finally |actually )?(?:function|sleep|enjoy|think|cope|handle|go out|focus|breathe|work|live)\b|"
    r"\blife ?-?sav(?:er|ing)\b|\bgod ?-?send\b|\bmiracle\b|\blife ?-?chang(?:er|ing)\b|\b(?:got|gave me|have) (?:my|our) life back\b|"
    r"\b(?:saved|changed) my (?:life|marriage)\b|\b(?:works|worked|working) (?:so |very |really |pretty )?(?:great|well|wonders|"
    r"wonderfully|like a charm|good|"
    r"perfectly|for me|fine|fast|immediately)\b|\b(?:very|highly|extremely|most) effective\b|\btook the edge off\b|"
    r"\btakes the edge off\b|"
    rf"\b(?:best|wonderful|amazing|great|excellent) (?:{_MED}|thing|decision|results?)\b|\b(?:love|loved|loving|thankful for|"
    rf"grateful for) (?:this {_MED}|{D}|it)\b|"
    r"\bhighly recommend\b|\b(?:evened|evens) (?:me|my mood)? ?out\b|\bhelped (?:me|my|with|a lot|alot|immensely|tremendously|so much|"
    r"him|us)\b|"
    r"\bhelps (?:me|my|with|a lot|alot|immensely|tremendously|so much)\b|\b(?:a lot|alot|much|definitely|way) (?:less|calmer|happier|"
    r"more (?:energy|relaxed|calm|positive|patient|stable))\b|"
    rf"\b(?:no longer|don't|do not|haven't had|not had) (?:feel|have|get|cry|any|so|been|had|worry)\b[^.;]{{0,30}}(?:{F}|anymore|"
    rf"any more|panic|anxious|depress\w+|cry)|"
    rf"\b(?:has|have) (?:done|worked) (?:wonders|a great job|a good job|miracles)|\bdoes the trick\b|\bdid the trick\b|\b(?:done|did|"
    rf"does|do) wonders\b|\b(?:old self|myself again)\b|\bpositive (?:difference|change|effect)s?\b|\b(?:right|good) choice for me\b|"
    rf"\bglad i (?:did|started|took|tried)\b|\b(?:huge|big|world of) difference in my\b|\bmore upbeat\b|\buplift in my\b|\bsaved me\b|"
    rf"\bbenefits? (?:definitely |far |clearly )?outweigh\w*|\bhandles? (?:my )?(?:work )?(?:stress|depression|things|"
    rf"anxiety)\b[^.;]{0, 10}\bbetter|\bmore at ease\b|\b(?:take|took|taken) the (?:anxiety|depression|pain|edge) (?:away|off)\b|"
    rf"\bmy (?:feelings|mood|outlook|life)[^.;]{0, 12}(?:improved|is easier|is better|got better)|\bhelped for a while\b|"
    rf"\bat first it helped\b|\b(?:was|is) (?:brilliant|great|wonderful|amazing) (?:for|at first|except)\b|\bdoing (?:so |very |"
    rf"really )?(?:well|great) on\b|"
    rf"\b(?:less|fewer) {F}|\b(?:reduced|lessened|decreased|improved|eliminated|relieved|lifted|controls|cured|got rid of) (?:my |"
    rf"the |all |most )*(?:\w+ )?(?:{F}|mood|anxiety|depression|pain)"
)
"""Words of a sentence that tell of good done."""

NO_EFFECT = (
    r"\b(?:did|does|do|has|have|is|was|are|were)(?:n't|nt| not) (?:really |even |seem(?:ed)? to |seem(?:ed)? to be |to |be |been |"
    r"quite |ever |actually |all that |that |very |as |much )*"
    r"(?:help|helped|helping|work|worked|working|effective|do it|touch|relieve|made? (?:a|any|much) difference|do (?:anything|much|"
    r"a thing|squat|nothing|shit)|"
    r"done (?:anything|much)|lifted|lift|improved?|enough)\b|"
    r"\b(?:did|does|done|doing|do) (?:absolutely |basically |pretty much |almost |literally )?(?:nothing|jack|squat|shit|very little|"
    r"little)(?: (?:for|to|at all|but|except)|\b)|"
    r"\b(?:no|zero|without|little|any) (?:real |positive |noticeable |significant |great |apparent |visible |further |such |"
    r"big )?(?:effect|benefits?|difference|relief|improvements?|help|changes?|results?)\b|"
    r"\b(?:stopped|quit|stops) (?:working|helping|being effective)\b|\bno longer (?:works?|working|worked|effective|helps?|helping|"
    r"helped)\b|"
    r"\bnever (?:really )?(?:worked|helped|did (?:anything|much)|noticed any)\b|(?:\b(?:is|was|were|are|been|proved|completely|"
    r"totally|found it|a) (?:useless|ineffective|worthless|sugar pills?|placebo)\b)|\bwaste of (?:time|money)\b|"
    r"\b(?:pooped|petered) out\b|\b(?:lost|losing) (?:its|it's) effect\w*|\bfelt the same\b|\bno better\b|\bnot (?:any|feeling|"
    r"getting|much) better\b|\bstill (?:feel |have |am |had |get |very |so |as |just |severely )*(?:depressed|anxious|sad)\b|"
    r"\bmade no difference\b|\bdidn't notice (?:any|a|much)\b|\bnot help|"
    rf"\bstill (?:\w+ ){{0,2}}{F}|\b(?:lost|lose|loses|losing) (?:its|it's|their|all|some of its) (?:\w+ )?(?:effect\w*|punch|"
    rf"edge|benefit\w*)|"
    r"\b(?:less|not as|not so|not very|not that) effective\b|\beffective\w* (?:\w+ ){0,3}(?:disappear\w*|wor\w* off|gone|fad\w+|"
    r"diminish\w*)|"
    r"\b(?:can't|cannot|can not|couldn't|could not|cant|hard to) (?:really )?(?:tell|see|notice|feel) (?:if|whether|a|any|much|that it)\b|"
    r"(?:\bnot|n't|\bnever|\b(?:did|do|does|has|have|had)nt) (?:\w+ ){0,2}(?:see|seen|notic\w*|feel|felt|experienced|"
    r"found) (?:\w+ ){0,3}(?:improve\w*|difference|changes?|"
    r"benefit\w*|relief|effect|results?)\b|\bnot (?:really )?(?:affect|effect)\w* me\b|(?:\bnot|n't|\b(?:did|do|"
    r"does)nt) feel(?:ing)? (?:any |much |a lot )?"
    r"(?:better|different)\b"
)
"""Words of a sentence that tell of nothing done."""

_BAD = (
    r"(?:bad|horrible|awful|terrible|worst|severe|nasty|brutal|hell|hellish|nightmare|unbearable|rough|miserable|extreme|intense|"
    r"hideous|scary|excruciating|suck\w*|kicking|killing|hit\w*|insane|crazy)"
)
WITHDRAWAL_TOLD = (
    rf"\b(?:withdraw\w*|withdrawl\w*|discontinuation)(?: \w+){{0,6}} {_BAD}\b|\b{_BAD} (?:\w+ ){{0,2}}(?:withdraw\w*|discontinuation)|"
    r"\b(?:had|having|have|going through|went through|experienc\w+|feeling|suffer\w*|getting|got|in|from) (?:\w+ ){0,3}(?:withdraw\w*|"
    r"withdrawl\w*)|"
    rf"\bif i (?:miss|skip|forget|stop|don't take) [^.;]{{0,40}}\b(?:i (?:get|feel|have|am|become|will|start))\b|\b(?:impossible|hard|"
    rf"difficult|hell) to (?:come|get|go|quit|stop|wean|taper)\b|"
    rf"\b(?:coming|going|getting|went|weaning|tapering|trying to (?:come|get|go)) off (?:\S+ ){{0,5}}(?:is|was|has been|been|"
    rf"{_BAD})\b[^.;]{{0,20}}(?:{_BAD}|difficult|hard|impossible)|"
    r"\bwithdraw(?:al|als|l|ls|el|els|ing)?\b|\bdiscontinu\w+ (?:syndrome|symptom\w*|effect\w*)|"
    rf"\b(?:quitting|stopping|discontinuing) [^.;]{{0,40}}\b(?:is|was|were|are|has been|been)\b[^.;]{{0,25}}(?:{_BAD}|hard|"
    rf"difficult|impossible)|"
    r"\b(?:hard|difficult|hell|tough|rough) time (?:coming|getting|weaning|quitting|stopping)\b|\b(?:hours?|days?) late\b|"
    r"\b(?:miss|missed|misses|missing|skip|skipped|skipping|forget|forgot) (?:\w+ ){0,4}(?:dose|doses|day|pill|"
    r"pills)\b[^.;]{0,60}\b(?:i|you|get|"
    r"got|feel|felt|sick|dizz\w*|zaps?|symptoms|effects)\b|\b(?:sick|dizzy|crummy|awful|terrible|horrible|"
    r"zaps?)\b[^.;]{0,40}\b(?:miss|missed|"
    r"missing|skip|skipped|skipping|forget|forgot) (?:\w+ ){0,4}(?:dose|doses|day|pill|pills)\b"
)
"""Words of a sentence that tell of doing without the drug as such."""

ADVERSE_TOLD = (
    rf"\b{_BAD} (?:\w+ )?side ?-?(?:effects?|affects?)|\bside ?-?(?:effects?|affects?) (?:are|were|is|was|have been|got|"
    rf"became) (?:\w+ ){{0,2}}(?:{_BAD}|too much|intolerable|not worth)|"
    rf"\b(?:i )?(?:gained|put on|packed on) (?:\S+ ){{0,3}}(?:\d+|weight|lbs?|pounds)|{IT} (?:\w+ )?(?:made|makes|"
    rf"making) me (?:\w+ )?(?:feel )?(?:\w+ )?(?:sick|ill|worse|awful|terrible|like (?:a )?(?:zombie|crap|shit|hell)|crazy|a zombie)|"
    rf"{IT} (?:knocked|knocks|messed|fucked|screwed|messes) me\b|\ballergic (?:reaction )?to {IT}"
)
"""Words of a sentence that tell of bad done, without a finding that the vocabulary knows."""

DOUBTFUL = (
    r"\b(?:if|hope|hoping|hopefully|hoped|wonder\w*|wish|might|should|could|would|may|will|'ll|supposed|expect\w*|suppose|maybe|"
    r"perhaps|unless|"
    r"whether|can|trying to|wait\w*|until|before|give it|people|anyone|everyone|anybody|others|they|someone|she|he|friends?|nothing|"
    r"no one|nobody|"
    r"supposedly|said|says|told|claim\w*|thought|think|fear\w*|afraid|scared|worr\w+|avoid\w*|prevent\w*|heard|read about)\b[^.;,!]{0,50}$"
)
"""Words before such words that take them from oneself or from what is."""

DENIED = r"(?:\bnot|n't|\bnever|\bno|\bhardly|\bwithout|\bbarely|\bneither|\bcannot|\bnt)(?: \w+){0,3}\W*$"
"""Words before a benefit that deny it."""

TOLD = {"no_effect": NO_EFFECT, "benefit": BENEFIT, "withdrawal": WITHDRAWAL_TOLD, "adverse": ADVERSE_TOLD}

TAKING = (
    rf"\b(?:started|start|starting|began|took|taking|take|taken|been on|am on|i'm on|im on|was on|went on|put on|put me on|prescribed|"
    rf"tried|trying|"
    rf"switched to|on) (?:\w+ ){{0,4}}(?:{D})|\b(?:day|week|month) (?:\w+ )?(?:\d+|{_NUMBER}) (?:on|of) (?:\w+ )?{D}|^{D}\W*(?:day|"
    rf"week|month)"
)
"""A sentence that says that the drug is taken: the next one may tell what it did."""

FOLLOWS = (
    r"^(?:\W*(?:and|so|but|well|ok|okay|now|then|since then|ever since|the first|first|after|within|by|day|week|today|yesterday|since|"
    r"from day|"
    r"i(?:'ve| have)? (?:now|have|got|get|feel|felt|had|been|was|am|started|woke|started having)|i've|i'm|i am|im|woke|it|made me|"
    r"side effects?|feeling|felt|"
    rf"having|had|got|getting|been)\b|\W*{F})"
)
"""How a sentence begins that goes on with what the drug did."""

LISTED = rf"^(?:[^.]{{0,40}}{F}[^.]{{0,40}}[,;/&+]|[^.]{{0,30}}{F}\W*$)"
"""A sentence that is a list of findings, as reviews answer "side effects"."""


def plain(pattern: str) -> str:
    """The pattern over words of a to z: a fraction of the time to compile it, which a small batch would spend on nothing else."""
    return pattern.replace(r"\w", "[a-z0-9_]").replace(r"\d", "[0-9]")


def any_of(column: str, pattern: str) -> pl.Expr:
    """Whether the words of `column` hold `pattern`; missing words hold nothing."""
    return pl.col(column).fill_null("").str.contains(plain(pattern))
