"""English words that say little by themselves: where two texts share only these, they share nothing."""

from __future__ import annotations

STOP_WORDS = frozenset((
    "a", "about", "above", "after", "again", "against", "all", "almost", "also", "although", "always", "am", "an", "and", "another",
    "any", "anybody", "anyone", "anything", "are", "arent", "around", "as", "ask", "at", "away", "back", "be", "became", "because",
    "become", "been", "before", "being", "below", "between", "both", "but", "by", "came", "can", "cannot", "cant", "come", "comes",
    "could", "couldnt", "day", "days", "did", "didnt", "do", "does", "doesnt", "doing", "done", "dont", "down", "during", "each",
    "either", "else", "even", "ever", "every", "everybody", "everyone", "everything", "few", "find", "first", "for", "from", "get",
    "gets", "getting", "give", "go", "goes", "going", "gonna", "good", "got", "had", "hadnt", "half", "has", "hasnt", "have", "havent",
    "having", "he", "hed", "hell", "her", "here", "hers", "herself", "hes", "him", "himself", "his", "hour", "hours", "how", "i", "id",
    "if", "ill", "im", "in", "into", "is", "isnt", "it", "its", "itself", "ive", "just", "keep", "know", "known", "last", "least", "less",
    "let", "lets", "like", "literally", "little", "lot", "lots", "made", "make", "makes", "making", "many", "may", "maybe", "me", "mean",
    "means", "might", "mine", "month", "months", "more", "most", "much", "must", "my", "myself", "need", "neither", "never", "new",
    "next", "no", "nobody", "none", "nor", "not", "nothing", "now", "of", "off", "often", "oh", "ok", "okay", "on", "once", "one", "only",
    "or", "other", "others", "our", "ours", "out", "over", "own", "people", "per", "perhaps", "please", "put", "quite", "rather",
    "really", "right", "said", "same", "saw", "say", "says", "see", "seen", "she", "should", "shouldnt", "since", "so", "some",
    "somebody", "someone", "something", "sometimes", "soon", "still", "such", "sure", "take", "taken", "takes", "taking", "tell", "than",
    "thank", "thanks", "that", "thats", "the", "their", "them", "themselves", "then", "there", "these", "they", "theyre", "thing",
    "things", "think", "this", "those", "though", "thought", "three", "through", "time", "times", "to", "today", "together", "told",
    "too", "took", "toward", "try", "two", "under", "until", "up", "upon", "us", "use", "used", "using", "very", "via", "wanna", "want",
    "wants", "was", "wasnt", "way", "we", "week", "weeks", "well", "went", "were", "werent", "weve", "what", "whats", "when", "where",
    "which", "while", "who", "whole", "whose", "why", "will", "with", "within", "without", "wont", "would", "wouldnt", "year", "years",
    "yes", "yet", "you", "youll", "your", "youre", "yours", "yourself", "youve", "yesterday", "tomorrow", "tonight", "morning", "evening",
    "night", "u", "ur", "rt", "amp", "url", "handle", "mail", "phone", "lol", "omg", "tbh", "smh",
))  # fmt: skip
"""Folded: lower case, without apostrophes."""

CLAIM_WORDS = frozenset((
    "cause", "causes", "caused", "causing", "cure", "cures", "cured", "curing", "treat", "treats", "treated", "treating", "treatment",
    "treatments", "prevent", "prevents", "prevented", "preventing", "protect", "protects", "protected", "protecting", "protection",
    "kill", "kills", "killed", "killing", "spread", "spreads", "spreading", "contain", "contains", "contained", "containing", "help",
    "helps", "helped", "helping", "stop", "stops", "stopped", "stopping", "work", "works", "worked", "working", "reduce", "reduces",
    "increase", "increases", "risk", "risks", "effective", "safe", "unsafe", "dangerous", "deadly", "harmful", "bad", "good", "best",
    "remedy", "remedies", "infection", "infections", "infected", "virus", "viruses", "disease", "diseases", "illness", "covid", "covid19",
    "covid-19", "19", "coronavirus", "corona", "pandemic", "epidemic", "outbreak", "flu", "vaccine", "vaccines", "vaccinated",
    "vaccination", "drug", "drugs", "medicine", "medicines", "doctor", "doctors", "hospital", "hospitals", "patient", "patients", "body",
    "health", "healthy", "sick", "die", "dies", "died", "death", "deaths", "dead", "children", "adults", "new", "man", "woman", "men",
    "women", "world", "country", "government", "study", "studies", "scientists", "research", "show", "shows", "proves", "prove", "proven",
    "created", "made",
))  # fmt: skip
"""What claims of health have in common: two claims that share only these are two claims."""
