"""The messages that heedful brings along: suggestions, never commands; no blame, no diagnosis, nothing that frightens."""

from __future__ import annotations

from heedful.intervene.messages import Library, Message

_NO_WALKING = frozenset({"no_walking"})
_TEXTS: dict[str, dict[tuple[str, str], str]] = {
    "walk_short": {
        ("en", "plain"): "Do you have ten minutes now? A short walk would do you good.",
        ("en", "standard"): "If the next ten minutes are free, a short walk outside is a good way to use them.",
        ("es", "plain"): "¿Tiene diez minutos ahora? Un paseo corto le hará bien.",
        ("de", "plain"): "Haben Sie jetzt zehn Minuten? Ein kurzer Spaziergang tut gut.",
    },
    "walk_goal": {
        ("en", "plain"): "Your goal today is {goal} steps. Each short walk counts.",
        ("en", "standard"): "Today's goal, taken from your own last days, is {goal} steps. Each short walk brings you closer.",
        ("es", "plain"): "Su meta de hoy es de {goal} pasos. Cada paseo corto cuenta.",
        ("de", "plain"): "Ihr Ziel heute sind {goal} Schritte. Jeder kurze Weg zählt.",
    },
    "stand_up": {
        ("en", "plain"): "You have sat for a while. Stand up and stretch if you like.",
        ("en", "standard"): "You have been sitting for a while. Getting up for two minutes is enough to break it.",
        ("es", "plain"): "Lleva un rato sin moverse. Levántese y estírese si le apetece.",
        ("de", "plain"): "Sie sitzen schon eine Weile. Stehen Sie kurz auf, wenn Sie mögen.",
    },
    "refill": {
        ("en", "plain"): "Your medicine may run out soon. Is it time to get more?",
        ("en", "standard"): "Your supply may run out soon. If you still take this medicine, this is a good time to collect the next pack.",
        ("es", "plain"): "Su medicina puede acabarse pronto. ¿Toca pedir más?",
        ("de", "plain"): "Ihr Vorrat geht bald zu Ende. Ist es Zeit für Nachschub?",
    },
    "wind_down": {
        ("en", "plain"): "It is almost bedtime. Dim the lights and put the phone away.",
        ("en", "standard"): "Your usual bedtime is near. Dimming the lights now makes it easier to fall asleep at the same time as always.",
        ("de", "plain"): "Bald ist Schlafenszeit. Machen Sie das Licht aus und legen Sie das Telefon weg.",
    },
    "check_in": {
        ("en", "plain"): "How are you today? You can write a line in your diary.",
        ("en", "standard"): "How are you feeling today? A line in your diary helps you and your care team to see how things go.",
        ("es", "plain"): "¿Cómo está hoy? Puede escribir una línea en su diario.",
        ("de", "plain"): "Wie geht es Ihnen heute? Sie können eine Zeile ins Tagebuch schreiben.",
    },
    "well_done": {
        ("en", "plain"): "You took {steps} steps yesterday. Well done!",
        ("en", "standard"): "You took {steps} steps yesterday, one of your good days. Well done!",
    },
}  # fmt: skip

LIBRARY = Library(
    Message(action, language, level, text, _NO_WALKING if action.startswith("walk") else frozenset())
    for action, texts in _TEXTS.items()
    for (language, level), text in texts.items()
)
"""The default library; a site makes its own `Library` and hands it to `decide`."""
