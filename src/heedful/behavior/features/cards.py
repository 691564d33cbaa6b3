# ruff: noqa: E501  (a table: one feature a line)
"""What every derived feature is: definition, unit, what it is made of, who published it and which program says the same.

`docs/features.md` is generated from here, and a test fails for a feature that a derivation writes and no card tells of. A name may hold
`*` where it comes from the data (`ema[*]`: form and item).
"""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase


@dataclass(frozen=True)
class FeatureCard:
    """One feature of a person's day. `codes`: what it is made of (codes of observations, or a table); `equals`: the peer, if there is one."""

    name: str
    definition: str
    unit: str
    codes: str
    source: str
    reference: str
    equals: str = ""


_STEPS, _STEP_CODES = "behavior/activity.py", "steps, heart_rate, intensity, activity_count"
_SLEEP, _STAGES = "behavior/sleep.py", "sleep_stage"
_COUNTS, _RHYTHM, _HEART, _GLUCOSE, _ASKED = (
    "behavior/actigraphy_daily.py", "behavior/rhythm_daily.py", "behavior/heart.py", "behavior/glucose/daily.py", "behavior/questionnaires.py",
)  # fmt: skip


def _card(name: str, definition: str, unit: str, codes: str, source: str, reference: str, equals: str = "") -> FeatureCard:
    return FeatureCard(name, definition, unit, codes, source, reference, equals)


_ANGLE = "behavior/arm_angle_daily.py"
_BEATS, _TASK_FORCE = "behavior/beats_daily.py", "Task Force 1996, Circulation 93:1043"


def _beats(way: str, pieces: str, equals: str) -> tuple[FeatureCard, ...]:
    """The nine of one part of the day; `pieces` says of which pieces, up to how long they must be."""
    short, whole = (
        "30 intervals or more, at most 10 % of them replaced as not normal)",
        "270 seconds or more, at most 10 % of the intervals replaced as not normal)",
    )
    told = (
        ("rr_mean", "mean interval", "ms", short), ("hrv_rmssd", "root mean square of successive changes", "ms", short),
        ("hrv_pnn50", "share of changes of more than 50 ms", "%", short), ("hrv_sd1", "width of the Poincaré plot", "ms", short),
        ("hrv_sdnn", "standard deviation (n - 1)", "ms", whole), ("hrv_sd2", "length of the Poincaré plot", "ms", whole),
        ("hrv_lf", "power from 0.04 to 0.15 Hz (Welch, linear to 4 Hz)", "ms2", whole), ("hrv_hf", "power from 0.15 to 0.4 Hz", "ms2", whole),
        ("hrv_lf_hf", "quotient of the two powers", "1", whole),
    )  # fmt: skip
    return tuple(
        _card(f"{name}[{way}]", f"{pieces} {length}: {what}.", unit, "rr_interval", _BEATS, _TASK_FORCE, equals)
        for name, what, unit, length in told
    )


_FIXED = (
    _card("steps[sum]", "Steps of the day; every minute belongs to the most trusted device that has steps in it.", "{steps}", _STEP_CODES, _STEPS, "rule of heedful, stated in the file"),
    _card("active_minutes", "Minutes with at least 60 counted steps.", "min", _STEP_CODES, _STEPS, "Tudor-Locke and Rowe 2012, Sports Med 42:381"),
    _card("mvpa_minutes[cadence_100]", "Minutes with at least 100 counted steps: moderate to vigorous walking.", "min", _STEP_CODES, _STEPS, "Tudor-Locke et al. 2018, Br J Sports Med 52:776"),
    _card("mvpa_minutes[bouts_10]", "The same, in runs of ten minutes or more without a pause.", "min", _STEP_CODES, _STEPS, "Tudor-Locke et al. 2018; bouts: Troiano et al. 2008, Med Sci Sports Exerc 40:181 (who allow two minutes below)"),
    _card("cadence_peak[30]", "Mean steps a minute of the day's 30 minutes with most steps, wherever they lie.", "{steps}/min", _STEP_CODES, _STEPS, "Tudor-Locke et al. 2012, J Phys Act Health 9:1125"),
    _card("cadence_peak[1]", "Most steps in one minute of the day.", "{steps}/min", _STEP_CODES, _STEPS, "Tudor-Locke et al. 2012, J Phys Act Health 9:1125"),
    _card("sedentary_minutes[no_steps]", "Minutes of wear between 7:00 and 24:00 in which no step counts; sitting, standing and naps are not told apart.", "min", _STEP_CODES, _STEPS, "rule of heedful; ten hours of wear: Troiano et al. 2008"),
    _card("sedentary_bouts[no_steps_30]", "Runs of 30 such minutes or more.", "{bouts}", _STEP_CODES, _STEPS, "rule of heedful"),
    _card("sedentary_longest[no_steps]", "The longest run of such minutes.", "min", _STEP_CODES, _STEPS, "rule of heedful"),
    _card("wear_minutes", "Minutes with a sign of life, silences under 60 minutes between two included.", "min", _STEP_CODES, "behavior/wear.py", "Troiano et al. 2008, Med Sci Sports Exerc 40:181"),
    _card("resting_heart_rate[nightsignal]", "Mean of the rates between 0 and 7 o'clock in minutes without steps, cut to a whole number.", "/min", "heart_rate, steps", _HEART, "Alavi et al. 2022, Nat Med 28:175", "NightSignal's nightly value, but for a day of an Apple Watch without any step"),
    _card("resting_heart_rate[vendor]", "The vendor's own resting rate, the last of the most trusted device; vendors do not publish how.", "/min", "resting_heart_rate", _HEART, "the vendor"),
    _card("day_resting_heart_rate[rhrad]", "Mean over the day of the rates in minutes that end 12 measured minutes without a step, smoothed over 400 such minutes of the day; sleep included.", "/min", "heart_rate, steps", _HEART, "Mishra et al. 2020, Nat Biomed Eng 4:1208", "what rhrad_offline.py of AnomalyDetect (1484183d) averages by hour, over the day's minutes alone"),
    _card("day_resting_heart_rate[rhr_diff]", "Mean over the day of the rates smoothed over 10 minutes, without minutes with steps and the 10 after them; sleep included.", "/min", "heart_rate, steps", _HEART, "Mishra et al. 2020, Nat Biomed Eng 4:1208", "the resting rates of get.stats.fn of WearableDetection (38955bc0), over the day's minutes alone"),
    _card("heart_rate_mean", "Mean of minute means.", "/min", "heart_rate", _HEART, "rule of heedful"),
    _card("hrv_rmssd[night]", "Median of the device's RMSSD values that begin between 0 and 7 o'clock.", "ms", "hrv_rmssd", "behavior/hrv_daily.py", "Task Force 1996, Circulation 93:1043"),
    _card("hrv_rmssd[before_noon]", "Mean of the most trusted device's plausible RMSSD values that start before noon, a vendor's own value of the day included.", "ms", "hrv_rmssd", "behavior/night_body.py", "Task Force 1996, Circulation 93:1043"),
    _card("hrv_sdnn[night]", "Median of the device's SDNN values that begin between 0 and 7 o'clock.", "ms", "hrv_sdnn", "behavior/hrv_daily.py", "Task Force 1996, Circulation 93:1043"),
    _card("hrv_rmssd[vendor]", "The vendor's RMSSD of the day.", "ms", "hrv_rmssd", "behavior/hrv_daily.py", "the vendor"),
    _card("hrv_sdnn[vendor]", "The vendor's SDNN of the day.", "ms", "hrv_sdnn", "behavior/hrv_daily.py", "the vendor"),
    *_beats("beats_night", "Median over the night's pieces of five minutes (0 to 7 o'clock, at least three; each the longest run without a gap,", "hrv-analysis 1.0.5 over each piece"),
    *_beats("beats_day", "Median over the pieces of five minutes from 7 to 24 o'clock (at least one, exercise included; each the longest run without a gap,", "hrv-analysis 1.0.5 over each piece"),
    _card("hrv_sdnn[beats_24h]", "Standard deviation (n - 1) of all normal intervals of a day with 18 hours of them or more.", "ms", "rr_interval", _BEATS, _TASK_FORCE),
    _card("hrv_sdann[beats_24h]", "Standard deviation of the means of its pieces of five minutes with 30 normal intervals or more.", "ms", "rr_interval", _BEATS, _TASK_FORCE),
    _card("hrv_sdnn_index[beats_24h]", "Mean of these pieces' standard deviations.", "ms", "rr_interval", _BEATS, _TASK_FORCE),
    _card("hrv_rmssd[beats_24h]", "Root mean square of the changes from one normal interval to the next, over the same day.", "ms", "rr_interval", _BEATS, _TASK_FORCE),
    _card("hrv_triangular_index[beats_24h]", "Number of the day's normal intervals over the highest bin of 8 ms.", "1", "rr_interval", _BEATS, _TASK_FORCE, "hrv-analysis 1.0.5 over the same intervals"),
    _card("respiratory_rate[night]", "Mean of the most trusted device's plausible rates that start before noon, a vendor's own value of the day included.", "/min", "respiratory_rate", "behavior/night_body.py", "rule of heedful"),
    _card("skin_temperature[night]", "The same of skin temperature; of a vendor that gives none, its deviation from the vendor's own baseline.", "Cel", "skin_temperature", "behavior/night_body.py", "rule of heedful"),
    _card("sleep_minutes[stages]", "Minutes asleep of the main sleep that ends on the day: marked asleep, light, deep or REM, and not awake at the same time.", "min", _STAGES, _SLEEP, "rule of heedful"),
    _card("sleep_minutes[vendor]", "The vendor's total of the night.", "min", "sleep_minutes", _SLEEP, "the vendor"),
    _card("sleep_onset", "Begin of the main sleep, after the day's local midnight (before it negative).", "min", _STAGES, _SLEEP, "rule of heedful"),
    _card("sleep_offset", "End of the main sleep, after the day's local midnight.", "min", _STAGES, _SLEEP, "rule of heedful"),
    _card("sleep_midpoint", "Mean of the clock times of onset and offset.", "min", _STAGES, _SLEEP, "Roenneberg et al. 2003, J Biol Rhythms 18:80"),
    _card("sleep_efficiency", "Minutes asleep over minutes in bed.", "%", _STAGES, _SLEEP, "Buysse et al. 1989, Psychiatry Res 28:193"),
    _card("waso", "Minutes awake between onset and offset.", "min", _STAGES, _SLEEP, "rule of heedful"),
    _card("naps", "Other sleeps of the same device with at least 15 minutes asleep, from 18:00 before to 18:00.", "{naps}", _STAGES, _SLEEP, "rule of heedful"),
    _card("nap_minutes", "Minutes asleep in them.", "min", _STAGES, _SLEEP, "rule of heedful"),
    _card("sleep_regularity_index[main_sleep_7]", "Twice the share of clock minutes in which the person was in the same state, asleep or not, as 24 hours before, less 100; main sleeps of seven nights, without those that a watch not worn cut short.", "1", _STAGES, "behavior/sleep_regularity.py", "Phillips et al. 2017, Sci Rep 7:3216"),
    _card("social_jet_lag[28]", "Difference of the mean midpoint of sleep of nights that end on Saturday or Sunday and of the others, over 28 days; nights that a watch not worn cut short are left out.", "min", _STAGES, "behavior/social_jet_lag.py", "Wittmann et al. 2006, Chronobiol Int 23:497"),
    _card("sleep_minutes[cole_kripke]", "Minutes between 22:00 and 8:00 that Cole-Kripke with Webster's rules scores as sleep; the default of the four.", "min", "activity_count", _COUNTS, "Cole et al. 1992, Sleep 15:461", "the states: pyActigraphy 1.2.2 CK"),
    _card("sleep_minutes[sadeh]", "The same by Sadeh.", "min", "activity_count", _COUNTS, "Sadeh et al. 1994, Sleep 17:201", "the states: pyActigraphy 1.2.2 Sadeh"),
    _card("sleep_minutes[scripps]", "The same by Scripps.", "min", "activity_count", _COUNTS, "Kripke et al. 2010, J Sleep Res 19:612", "the states: pyActigraphy 1.2.2 Scripps"),
    _card("sleep_minutes[oakley]", "The same by Oakley, threshold 40.", "min", "activity_count", _COUNTS, "Oakley 1997, Mini Mitter", "the states: pyActigraphy 1.2.2 Oakley"),
    _card("sleep_period_minutes[van_hees]", "Length of the night's window by the arm's angle (HDCZA), noon to noon: the longest stretch in which it hardly changes.", "min", "arm_angle", _ANGLE, "van Hees et al. 2018, Sci Rep 8:12975", "GGIR HASPT HDCZA over the same angles"),
    _card("sleep_minutes[van_hees]", "Minutes of that window with sustained inactivity: more than 5 minutes between changes of the angle of over 5 degrees.", "min", "arm_angle", _ANGLE, "van Hees et al. 2015, PLoS ONE 10:e0142533", "GGIR HASIB vanHees2015 over the same angles"),
    _card("sleep_onset[van_hees]", "Begin of the first sustained inactivity in the window, after the day's local midnight (before it negative).", "min", "arm_angle", _ANGLE, "van Hees et al. 2015"),
    _card("sleep_offset[van_hees]", "End of the last one.", "min", "arm_angle", _ANGLE, "van Hees et al. 2015"),
    _card("waso[van_hees]", "Minutes between the two without sustained inactivity.", "min", "arm_angle", _ANGLE, "van Hees et al. 2015"),
    _card("glucose_mean", "Mean of the day's readings of one device.", "mg/dL", "glucose", _GLUCOSE, "Battelino et al. 2019, Diabetes Care 42:1593", "iglu_python 0.4.3 over the day's readings, within 1e-9"),
    _card("glucose_in_range[70-180]", "Readings from 70 to 180 mg/dL.", "%", "glucose", _GLUCOSE, "Battelino et al. 2019", "iglu_python 0.4.3 over the day's readings, within 1e-9"),
    _card("glucose_below[70]", "Readings below 70 mg/dL.", "%", "glucose", _GLUCOSE, "Battelino et al. 2019", "iglu_python 0.4.3 over the day's readings, within 1e-9"),
    _card("glucose_above[180]", "Readings above 180 mg/dL.", "%", "glucose", _GLUCOSE, "Battelino et al. 2019", "iglu_python 0.4.3 over the day's readings, within 1e-9"),
    _card("glucose_variation", "Standard deviation over mean of the readings.", "%", "glucose", _GLUCOSE, "Battelino et al. 2019", "iglu_python 0.4.3 over the day's readings, within 1e-9"),
    _card("glucose_management_indicator", "3.31 + 0.02392 times the mean: an A1c that would go with it, here of one day.", "%", "glucose", _GLUCOSE, "Bergenstal et al. 2018, Diabetes Care 41:2275", "iglu_python 0.4.3 over the day's readings, within 1e-9"),
    _card("phq9[total]", "Sum of the nine items of the last PHQ-9 of the day, 0 to 27; a screen, no diagnosis.", "{score}", "answers", _ASKED, "Kroenke et al. 2001, J Gen Intern Med 16:606", "the published key"),
    _card("phq9[item_9]", "Answer to item 9, thoughts of being better off dead, 0 to 3; above 0 all automatic messages rest until a human has looked.", "{score}", "answers", _ASKED, "Kroenke et al. 2001", "the published key"),
    _card("gad7[total]", "Sum of the seven items, 0 to 21.", "{score}", "answers", _ASKED, "Spitzer et al. 2006, Arch Intern Med 166:1092", "the published key"),
    _card("who5[percent]", "Four times the sum of the five items, 0 to 100; higher is better.", "%", "answers", _ASKED, "Topp et al. 2015, Psychother Psychosom 84:167", "the published key"),
    _card("audit_c[total]", "Sum of the three items, 0 to 12.", "{score}", "answers", _ASKED, "Bush et al. 1998, Arch Intern Med 158:1789", "the published key"),
    _card("psqi[global]", "Sum of the seven components, 0 to 21; higher is worse.", "{score}", "answers", _ASKED, "Buysse et al. 1989, Psychiatry Res 28:193", "the published key"),
    _card("ema[*]", "Mean of the day's answers to a numeric item that was asked at two or more times of it; named by form and item.", "{score}", "answers", _ASKED, "Shiffman et al. 2008, Annu Rev Clin Psychol 4:1"),
    _card("ema_compliance[*]", "Share of the day's prompts of a momentary form that were answered; only where the source tells of prompts that were not.", "%", "answers", "behavior/ema_compliance.py", "Stone and Shiffman 2002, Ann Behav Med 24:236"),
    _card("ema_prompts[*]", "How many prompts these were.", "{prompts}", "answers", "behavior/ema_compliance.py", "Stone and Shiffman 2002"),
    _card("*[reported]", "What the person reports of the day; what it stands for by days with a measurement: `self_reports`.", "that of the code", "steps, distance, exercise_minutes, sleep_minutes, body_weight", "behavior/reported.py", "Bland and Altman 1986, Lancet 327:307"),
    _card("*[measured]", "What the most trusted device measured, on days that have a report too.", "that of the code", "steps, distance, exercise_minutes, sleep_minutes, body_weight", "behavior/reported.py", "Bland and Altman 1986"),
)  # fmt: skip

_SENSORS, _RAPIDS = "behavior/phone_sensors_daily.py", "Vega et al. 2021, Front Digit Health 3:769823 (RAPIDS)"
_PLACE, _PLACES, _PHONE = "behavior/place_daily.py", "latitude, longitude", "behavior/phone_daily.py"
_CONTEXT = (
    _card("home_stay_share[28]", "Known pieces of ten minutes in or beside the home cell of about a kilometer, of all known; home is where most night pieces of 28 days lie.", "%", _PLACES, _PLACE, "home stay: Saeb et al. 2015, J Med Internet Res 17:e175; cells and 28 days: rule of heedful"),
    _card("distance_from_home[max]", "From the home cell to the farthest cell of the day.", "km", _PLACES, _PLACE, "rule of heedful"),
    _card("radius_of_gyration", "Root mean squared distance of the day's pieces from their mean position.", "km", _PLACES, _PLACE, "González et al. 2008, Nature 453:779", "scikit-mobility 1.3.1 radius_of_gyration, with the pieces as visits"),
    _card("location_entropy", "Shannon entropy of the day's pieces over cells.", "bit", _PLACES, _PLACE, "Song et al. 2010, Science 327:1018", "scikit-mobility 1.3.1 uncorrelated_entropy, with the pieces as visits"),
    _card("distance_travelled[straight]", "Straight lines from piece to piece, between cells.", "km", _PLACES, _PLACE, "rule of heedful", "scikit-mobility 1.3.1 distance_straight_line, with the pieces as visits"),
    _card("places[stay_30]", "Cells in which half an hour or more of the day was spent.", "{places}", _PLACES, _PLACE, "rule of heedful"),
    _card("significant_places[28]", "Cells in which half an hour or more was spent on two or more of 28 days.", "{places}", _PLACES, _PLACE, "rule of heedful"),
    _card("screen_unlocks", "Times that the phone was unlocked.", "{unlocks}", "screen_event", _PHONE, "rule of heedful"),
    _card("screen_minutes[unlocked]", "Minutes from each unlock to the next lock or screen-off within six hours, cut at midnight.", "min", "screen_event", _PHONE, "rule of heedful"),
    *(_card(f"calls[{way}]", f"Calls of the day, {way}.", "{calls}", "phone_call", _PHONE, "Vega et al. 2021, Front Digit Health 3:769823 (RAPIDS)", f"RAPIDS cd01725d phone_calls, {way} count, EVENTS") for way in ("incoming", "outgoing", "missed")),
    *(_card(f"call_minutes[{way}]", f"Minutes of these calls, {way}; a call counts whole on the day of its begin.", "min", "phone_call", _PHONE, "Vega et al. 2021 (RAPIDS)", f"RAPIDS cd01725d phone_calls, {way} sumduration / 60, EVENTS") for way in ("incoming", "outgoing")),
    _card("call_contacts", "Different people in the day's calls, by the platform's pseudonyms.", "{contacts}", "phone_call", _PHONE, "rule of heedful"),
    _card("messages[received]", "Messages received.", "{messages}", "phone_message", _PHONE, "rule of heedful"),
    _card("messages[sent]", "Messages sent.", "{messages}", "phone_message", _PHONE, "rule of heedful"),
    _card("apps_used", "Different apps that came to the front.", "{apps}", "app_use", _PHONE, "rule of heedful"),
    _card("battery_charges", "Charges in which the level rose; a level holds until the next row, at most 30 minutes.", "{charges}", "phone_battery", _SENSORS, _RAPIDS, "RAPIDS cd01725d phone_battery countcharge, of one day"),
    _card("battery_discharges", "Discharges in which the level fell.", "{discharges}", "phone_battery", _SENSORS, _RAPIDS, "RAPIDS cd01725d phone_battery countdischarge, of one day"),
    _card("battery_minutes[charging]", "Minutes of these charges.", "min", "phone_battery", _SENSORS, _RAPIDS, "RAPIDS cd01725d phone_battery sumdurationcharge, but for the 1 ms a minute that it lacks"),
    _card("battery_minutes[discharging]", "Minutes of these discharges.", "min", "phone_battery", _SENSORS, _RAPIDS, "RAPIDS cd01725d phone_battery sumdurationdischarge, as above"),
    _card("battery_consumption[mean]", "Mean over the discharges of the level lost an hour.", "%/h", "phone_battery", _SENSORS, _RAPIDS, "RAPIDS cd01725d phone_battery avgconsumptionrate times 60, as above"),
    _card("battery_level[lowest]", "The lowest level of the day.", "%", "phone_battery", _SENSORS, "rule of heedful"),
    *(_card(f"ambient_light[{way}]", f"{words} of the day's readings of light around the phone.", "lx", "ambient_light", _SENSORS, _RAPIDS, f"RAPIDS phone_light {peer}") for way, words, peer in (("mean", "Mean", "avglux"), ("median", "Median", "medianlux"), ("max", "Greatest", "maxlux"))),
    _card("conversation_minutes", "Minutes of speech that the phone heard around it.", "min", "conversation", _PHONE, "rule of heedful"),
)  # fmt: skip

_WITTING = "Witting et al. 1990, Biol Psychiatry 27:563; Van Someren et al. 1997, J Biol Rhythms 12:146"
_RHYTHMS = (
    ("interdaily_stability[{}_7]", "Variance of the mean day over the variance of all known hours of seven days: 0 noise, 1 the same every day.", "1", _WITTING, "pyActigraphy 1.2.2 IS over the same hours"),
    ("intradaily_variability[{}_7]", "Mean squared change from hour to hour over the variance of seven days: near 0 smooth, 2 noise.", "1", _WITTING, "pyActigraphy 1.2.2 IV over the same hours"),
    ("l5[{}_7]", "Mean an hour of the five quietest hours in a row of the mean day of seven.", "/h", _WITTING, "pyActigraphy 1.2.2 L5 over whole hours"),
    ("m10[{}_7]", "Mean an hour of the ten busiest hours in a row of the mean day of seven.", "/h", _WITTING, "pyActigraphy 1.2.2 M10 over whole hours"),
    ("relative_amplitude[{}_7]", "(M10 - L5) / (M10 + L5).", "1", _WITTING, "pyActigraphy 1.2.2 RA over whole hours"),
    ("cosinor_mesor[{}]", "Mean level of the 24-hour cosine nearest to the day's known hours.", "/h", "Cornelissen 2014, Theor Biol Med Model 11:16", "CosinorPy 3.1, one component, over the same hours, within 3e-6 (it reads off a drawn curve)"),
    ("cosinor_amplitude[{}]", "Its amplitude.", "/h", "Cornelissen 2014", "CosinorPy 3.1, within 3e-6"),
    ("cosinor_peak[{}]", "The local hour of its peak.", "h", "Cornelissen 2014", "CosinorPy 3.1, as an hour, within the 0.03 h of its drawn curve"),
)  # fmt: skip

CARDS: dict[str, FeatureCard] = {
    card.name: card
    for card in (
        *_FIXED,
        *_CONTEXT,
        *(
            _card(name.format(signal), what, unit, signal, _RHYTHM, reference, equals)
            for signal in ("steps", "activity_count")
            for name, what, unit, reference, equals in _RHYTHMS
        ),
    )
}


def card_of(feature: str) -> FeatureCard | None:
    """The card that tells of a feature.

    >>> card_of("ema[mood.calm]").unit, card_of("steps[reported]").name, card_of("mood")
    ('{score}', '*[reported]', None)
    """
    found = CARDS.get(feature)
    if found is not None:
        return found
    return next((card for name, card in CARDS.items() if "*" in name and fnmatchcase(feature, name.replace("[", "[[]"))), None)


def features_page() -> str:
    """The text of docs/features.md, without its note."""
    parts = ["# Features of a day\n"]
    parts.append(
        "Every feature that heedful derives for a person's day, by name (table `features`; `heedful explain` shows the rows behind one). Missing is never\n"
        "zero: a value that cannot be told carries its reason. Screens and scores are for people to judge; none is a diagnosis. What is made of\n"
        "positions or of a phone stands in the table `context_features`, apart: it is seen only under a consent that names location or phone.\n"
        "*Equals* names the program whose answers ours were compared with; where it is empty none was.\n"
    )
    parts += ["| feature | definition | unit | made of | published, or whose rule | equals | code |", "|---|---|---|---|---|---|---|"]
    for card in CARDS.values():
        cells = (f"`{card.name}`", card.definition, f"`{card.unit}`", card.codes, card.reference, card.equals, f"`{card.source}`")
        parts.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(parts) + "\n"
