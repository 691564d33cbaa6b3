"""Words that tell how a text speaks rather than what of: persons, time, doubt, feeling, treatment, danger. Written for heedful.

Each kind is a list of phrases of one to four words, folded as texts are (no apostrophes); a word that ends in `*` stands for all words
that begin so. They are few and plain on purpose: a head that leans on them holds off its register better than one of n-grams alone.
"""

from __future__ import annotations

from collections.abc import Mapping

SPOKEN: Mapping[str, str] = {
    "i": "i, im, ive, id, ill, me, my, mine, myself",
    "we": "we, were, weve, us, our, ours, ourselves",
    "you": "you, your, youre, youve, youll, yours, yourself, u, ur",
    "he_she": "he, she, him, her, his, hers, hes, shes, himself, herself",
    "they": "they, them, their, theyre, themselves, theyve, people, everyone, others, someone",
    "family": (
        "mom, mum, mother, dad, father, son, daughter, child, children, kid, kids, wife, husband, sister, brother, parents, "
        "grandma, grandmother, grandfather, aunt, uncle, cousin, family, partner, spouse, baby"
    ),
    "friend": "friend, friends, boyfriend, girlfriend, bf, gf, roommate, ex, coworker, colleague, fiance",
    "negation": (
        "no, not, never, none, nothing, nobody, nowhere, neither, nor, without, cannot, cant, couldnt, dont, doesnt, didnt, "
        "wont, wouldnt, isnt, arent, wasnt, werent, havent, hasnt, hadnt, shouldnt, aint, zero"
    ),
    "unable": "cant, cannot, couldnt, unable, can not, could not, not able, difficulty, trouble, hard to, impossible",
    "modal": "would, could, should, might, may, can, must, ought",
    "doubt": (
        "maybe, perhaps, possibly, probably, seems, seem, seemed, guess, suppose, sort of, kind of, not sure, wonder, "
        "wondering, think, thought, apparently, allegedly, supposedly, likely"
    ),
    "certain": (
        "always, definitely, absolutely, certainly, totally, completely, clearly, proven, fact, facts, truth, obviously, every, all"
    ),
    "condition": "if, unless, whether, in case, otherwise",
    "cause": (
        "because, since, due to, caused, causes, cause, causing, because of, therefore, so that, reason, makes me, made me, "
        "gave me, gives me, from taking, led to, result of"
    ),
    "contrast": "but, however, although, though, except, despite, yet, still, instead, other than",
    "past": "was, were, had, did, went, got, took, used to, ago, last, began, started, became, felt, been",
    "present": "is, are, am, im, has, have, do, does, now, today, currently, right now, still",
    "future": "will, going to, gonna, ill, tomorrow, next, soon, plan to, about to, want to, hope to",
    "when": (
        "day, days, week, weeks, month, months, year, years, hour, hours, night, nights, morning, since, after, before, during, "
        "while, until, first, yesterday, recently, lately, within"
    ),
    "amount": (
        "mg, mgs, dose, dosage, doses, pill, pills, tablet, tablets, half, increased, decreased, higher, lower, 10mg, 20mg, "
        "50mg, 75mg, 100mg, 150mg, 40mg, 60mg, 30mg, 25mg, ml, capsule"
    ),
    "take": (
        "take, taking, took, taken, tried, try, trying, using, used, prescribed, been on, put on, put me on, on it, given, "
        "switched, started taking, started on"
    ),
    "stop": (
        "stop, stopped, stopping, quit, quitting, off, came off, coming off, get off, getting off, went off, discontinue*, "
        "wean*, taper*, cold turkey, ran out, miss a dose, missed a dose, missing a dose, missed dose, forget, forgot, skip, "
        "skipped, cut down"
    ),
    "withdrawal": ("withdraw*, brain zap*, zaps, zap, shocks, electric shock*, brain shivers, shivers, discontinuation, rebound, detox*"),
    "drug": (
        "drug, drugs, med, meds, medication*, medicine*, antidepressant*, ssri, ssris, snri, pill, pills, treatment*, statin*, "
        "therapy, prescription, zoloft, lexapro, effexor, cymbalta, prozac, paxil, wellbutrin, xanax, celexa, adderall, "
        "ibuprofen, lipitor, seroquel, trazodone, klonopin, ativan, lamictal, lyrica, gabapentin, vyvanse, humira, methadone, "
        "nicotine"
    ),
    "doctor": (
        "doctor, doctors, dr, doc, physician, psychiatrist, therapist, nurse, hospital, er, clinic, diagnosed, diagnosis, "
        "specialist, surgery, surgeon, gp, neurologist, counselor, appointment, ambulance, patient, patients"
    ),
    "works": (
        "works, worked, working, work wonders, helps, helped, helping, helpful, effective, improved, improvement, improve, "
        "better, relief, relieved, saved my life, life saver, lifesaver, miracle, difference, calm, calmer, calmed, feel "
        "better, felt better, much better, feel great, feel normal, back to normal, wonders, wonderful, amazing, reduced, "
        "lifted, gone, cured, stable, under control, happier, took the edge off, no longer, stopped my, easier, recommend, "
        "great drug, love this drug"
    ),
    "fails": (
        "didnt work, did not work, doesnt work, does not work, not working, stopped working, not help, didnt help, did not "
        "help, doesnt help, does not help, hasnt helped, no effect, no help, no difference, no improvement, not effective, "
        "ineffective, useless, no benefit, waste, nothing, worse, worsened, worst, getting worse, made it worse, poop out, "
        "pooped out, no better, wasnt helping, isnt working, isnt helping, not helped, no change, no relief, little effect, not "
        "improved, more depressed, quit working, still depressed, still anxious, still have, wore off, never worked, never "
        "helped, havent noticed"
    ),
    "side_effect": "side effect*, side affect*, adverse, reaction*, sideeffect*, se, ses, effects, symptom*",
    "symptom": (
        "nausea, nauseous, nauseated, headache*, dizzy, dizziness, vertigo, insomnia, fatigue, tired, tiredness, drowsy, "
        "drowsiness, sweat*, vomit*, diarrhea, constipation, dry mouth, pain*, ache*, aches, cramp*, tremor*, shak*, numb*, "
        "tingl*, itch*, rash, hives, blurred, blurry, palpitation*, fever, cough*, weak*, swelling, swollen, bloat*, heartburn, "
        "yawn*, twitch*, jitter*, restless*, lethargic, lethargy, exhausted, exhaustion, foggy, fog, spacey, zombie, sleepy, "
        "sleepiness, nightmare*, vivid dreams, dreams, night sweats, hot flashes, chills, sick, migraine*, stiff*, cramping, "
        "bleeding, clench*, grinding, ringing"
    ),
    "illness": (
        "depress*, anxiety, anxious, panic, ocd, ptsd, bipolar, adhd, add, cancer, diabetes, diabetic, stroke, heart attack, "
        "asthma, alzheimer*, dementia, parkinson*, allerg*, addict*, obsess*, gad, disorder*, disease*, syndrome, infection*, "
        "flu, covid, fibromyalgia, hypertension, arthritis, pms, pmdd, phobia, social anxiety, mental illness, virus, cold, "
        "fever, migraine"
    ),
    "mood_state": (
        "suicidal, hopeless, crying, cry, mood swings, mood, irritable, irritability, rage, anger, worry, worrying, worried, "
        "panic attack*, sad, sadness, emotional, emotions, moody, obsessive, intrusive, agitat*, apath*, flat, numb, "
        "motivation, energy"
    ),
    "body": (
        "head, heart, stomach, chest, back, leg, legs, arm, arms, hand, hands, eye, eyes, face, skin, hair, throat, mouth, "
        "teeth, jaw, neck, muscle*, joint*, brain, blood, body, liver, kidney*, ear, ears, feet, knee, nose, breast, lung*, "
        "bone*"
    ),
    "sleep": "sleep, slept, sleeping, asleep, awake, insomnia, nap, napping, bed, dream, dreams, nightmare*, wake, waking, woke",
    "weight": (
        "weight, gain, gained, pounds, lbs, lost weight, weight loss, weight gain, appetite, hungry, hunger, eat, eating, fat, food"
    ),
    "sex": "sex, sexual, sexually, libido, orgasm*, sex drive, ejaculat*, erection*, erectile, aroused, climax",
    "positive": (
        "good, great, love, loved, happy, glad, nice, best, awesome, excellent, hope, hopeful, thankful, grateful, enjoy*, fun, "
        "excited, beautiful, proud, positive, wonderful, amazing, perfect, fantastic, success*, smile, lucky, relaxed, "
        "peaceful, confident, strong, safe, comfortable, fine, well, pleased, blessed"
    ),
    "negative": (
        "bad, terrible, horrible, awful, worst, worse, hate, hated, sucks, suck, miserable, nightmare, hell, poor, ugly, "
        "stupid, disgusting, sad, upset, unhappy, painful, severe, extreme, scary, disappoint*, problem*, issue*, wrong, fail*, "
        "ruined, destroyed, dreadful, negative, suffer*, struggl*, difficult, hard, shit*, crap, broken, lost, hurt*, crisis, "
        "damage*, unbearable, mess, stress*"
    ),
    "fear": (
        "afraid, scared, scary, fear*, terrif*, worried, worry, worries, anxious, anxiety, panic*, nervous, dread*, frighten*, "
        "paranoid, terror, horrified, concern*, uneasy, tense, overwhelm*, freaking out, freak out, stress*"
    ),
    "anger": (
        "angry, anger, mad, furious, rage, annoyed, annoying, pissed, irritat*, frustrat*, hate*, fuck*, damn, bullshit, yell*, "
        "scream*, asshole, bitch, disgust*, outrage*, fight, fighting, argument, argue*"
    ),
    "sadness": (
        "sad, sadness, cry, crying, cried, tears, depress*, grief, griev*, lonely, alone, miserable, heartbroken, down, empty, "
        "miss him, miss her, unhappy, sobbing, devastated, loss"
    ),
    "hopeless": (
        "hopeless*, no hope, pointless, no point, whats the point, nothing matters, give up, giving up, given up, no future, no "
        "way out, trapped, stuck, tired of, sick of, cant go on, cant take, cant do this, had enough, no reason, nothing left, "
        "done with, dont care anymore, anymore, numb, never get better, no escape, wish i was, wish i were, wish i could, what "
        "is the point"
    ),
    "worthless": (
        "worthless, useless, failure, burden, loser, hate myself, ashamed, shame, guilt*, pathetic, disappointment, deserve, "
        "unloved, unwanted, nobody cares, no one cares, no one would, not good enough, my fault, ugly, waste of, better off "
        "without"
    ),
    "alone": "alone, lonely, loneliness, isolated, no friends, no one, nobody, abandon*, reject*, left me, by myself",
    "death": (
        "die, dying, dead, death, died, dies, deaths, kill*, killed, fatal, grave, funeral, buried, life, live, alive, exist, existence"
    ),
    "suicide": (
        "suicid*, kill myself, killing myself, end it, end my life, ending my life, ending it all, end it all, take my life, "
        "taking my own life, take my own life, want to die, wanted to die, wanna die, wish i was dead, wish i were dead, rather "
        "be dead, better off dead, not be alive, dont want to live, dont want to be alive, dont want to exist, dont want to be "
        "here, want it to end, want to be dead, commit suicide, be dead, off myself, never wake up, not wake up, never been "
        "born, sleep forever, just die, ready to die, going to die, could die, let me die, stop living, stop existing, no "
        "reason to live, dont wanna live, do it tonight, disappear"
    ),
    "means": (
        "gun, guns, pistol, shotgun, bullet, trigger, rope, noose, hang, hanging, hanged, bridge, jump, jumping, jump off, "
        "pills, overdose*, od, razor, blade, knife, wrist, wrists, bleed, poison, train, tracks, drown*, carbon monoxide, "
        "helium, exit bag, cyanide, bottle of, slit, painless, method*"
    ),
    "self_harm": (
        "self harm*, selfharm*, cut myself, cutting myself, cutting, cuts, hurt myself, hurting myself, harm myself, burn "
        "myself, scars, relapse*, hit myself, starve myself"
    ),
    "attempt": (
        "attempt*, attempted, tried to kill, tried to end, tried to hang, tried to die, my attempt, last attempt, failed "
        "attempt, survived, psych ward, hospitalized, hospitalised, inpatient, woke up in, stomach pumped, i overdosed, tried "
        "killing, in the hospital, sectioned, committed"
    ),
    "plan": (
        "plan, plans, planned, planning, goodbye, note, letter, last night, tonight, going to do it, will do it, prepared, "
        "decided, date, when im gone, after im gone, my will, ready, final"
    ),
    "support": (
        "hope you, you should, you can, youre not alone, you are not alone, hang in there, here for you, pm me, message me, "
        "feel free, talk to, reach out, please dont, you deserve, i understand, i know how, it gets better, good luck, stay "
        "strong, try to, your life, you need, sorry you, sorry to hear, hugs, proud of you, your friend, help you, if you want, "
        "let me know, best of luck, you will, you could, have you tried, you might, call a, hotline, therapist"
    ),
    "ask_help": (
        "help me, please help, need help, i need, any advice, what should i, what do i do, dont know what, i dont know, "
        "someone, advice, does anyone, has anyone, anyone else, should i, how do i, can i, thanks in advance, tips"
    ),
    "thanks": "thank, thanks, thank you, appreciate, grateful, welcome, congrats, congratulations",
    "swear": "fuck*, shit*, damn, hell, bitch, ass, crap, wtf, bullshit, asshole, goddamn, freaking",
    "laugh": "lol, lmao, haha*, rofl, joke*, joking, funny, hilarious, lmfao, kidding, meme, comedy, hehe, lolol, sarcasm",
    "simile": (
        "like a, as if, feels like, literally, basically, give me a, so bad, dying to, worse than, kind of a, heart attack, "
        "addicted to, allergic to, cancer of, ocd about, a cancer, a bit of, having a stroke, killing me, gave me"
    ),
    "more": (
        "very, so, really, extremely, extreme, severe, severely, too, super, much, incredibly, insanely, terribly, awfully, "
        "intense, constant, constantly, always, bad, badly, major, huge, massive"
    ),
    "less": (
        "slight, slightly, mild, mildly, little, bit, minor, some, somewhat, few, moderate, barely, occasional, occasionally, "
        "minimal, small"
    ),
    "news": (
        "study, studies, research*, researchers, scientists, report*, according to, percent, finds, found that, published, "
        "article, news, risk of, patients with, linked to, associated with, trial, trials, data, evidence, journal, new study, "
        "reveals, announced, million, billion, rates, cases, university"
    ),
    "government": (
        "government*, gov, president, trump, biden, fauci, bill gates, gates, democrat*, republican*, politic*, boris, modi, "
        "senate, congress, minister, state, cdc, fda, who, nhs, election, vote, left, liberal*, conservative*, hancock, party, "
        "administration, leader*, country, nation"
    ),
    "mandate": (
        "mandat*, force*, forced, forcing, freedom*, rights, liberty, choice, my body, my choice, consent, tyranny, passport*, "
        "compulsory, refuse, coerc*, required, require, requirement, law, legal, illegal, nazi*, nuremberg, dictator*"
    ),
    "pharma": (
        "pfizer, moderna, astrazeneca, astra, johnson, merck, pharma, big pharma, company, companies, corporat*, profit*, "
        "money, liability, liable, lawsuit*, sue, sued, immunity from, stock*, billions, greed, indemnity, manufacturer*"
    ),
    "plot": (
        "control*, microchip*, chip, chips, 5g, depopulat*, agenda, hoax, scam, plandemic, scamdemic, lie, lies, lying, "
        "conspiracy, nwo, reset, genocide, bioweapon, sterili*, track*, tracking, cull, population, elite*, evil, sheep, "
        "sheeple, guinea pig*, experiment*, fake, puppet*, propaganda, brainwash*, mark of the beast"
    ),
    "ingredient": (
        "mrna, rna, dna, gene, genes, genetic*, ingredient*, mercury, aluminum, aluminium, formaldehyde, fetal, foetal, fetus, "
        "aborted, toxic*, toxin*, poison*, chemical*, cells, thimerosal, contains, contain, preservative*, adjuvant*, pork, "
        "graphene, squalene"
    ),
    "rushed": (
        "untested, rushed, rush, tested, testing, long term, longterm, experimental, approved, approval, trials, trial, "
        "unproven, too fast, quickly, years, emergency use, too soon, not enough, proper, guinea pig*, safety, unknown, warp "
        "speed, research"
    ),
    "needless": (
        "survival, recover*, immune, immunity, antibod*, natural, naturally, 99, herd, healthy, flu, common cold, vitamin*, "
        "hydroxychloroquine, hcq, ivermectin, zinc, cure, cures, mortality, rate, no need, dont need, immune system, not "
        "needed, rarely, asymptomatic"
    ),
    "ineffective": (
        "doesnt stop, does not stop, still get, still catch, still spread, doesnt prevent, does not prevent, effective, "
        "efficacy, variant*, mutate*, mutation*, strain*, protect, protection, transmission, booster*, breakthrough, mask*, "
        "distancing, infected"
    ),
    "religion": (
        "god, jesus, christ, christian*, pray*, prayer*, bible, church, catholic*, religio*, lord, beast, satan*, faith, "
        "muslim*, halal, haram, pope, abortion, soul, temple, moral*"
    ),
    "foreign": (
        "china, chinese, russia*, sputnik, india*, made in, wuhan, oxford, british, uk, usa, american*, germany, european, "
        "covaxin, sinovac, africa*, israel, foreign"
    ),
    "harm": (
        "death*, dead, died, injur*, damage*, autism, paralys*, paralyz*, bells palsy, seizure*, clot*, anaphyla*, infertil*, "
        "kill*, adverse, disabled, hospital, harm*, myocarditis, guillain, vaers, allergic, miscarriage, blood"
    ),
    "money": (
        "money, pay, paid, rent, job, jobs, work, bills, debt, afford, boss, unemploy*, homeless, loan, credit, income, salary, "
        "laid off, fired, broke, financial*, insurance, cost, expensive"
    ),
    "relation": (
        "relationship, married, marriage, divorce*, dating, broke up, break up, breakup, together, cheat*, love him, love her, "
        "trust, wedding"
    ),
    "abuse": (
        "abuse*, abusive, rape*, assault*, violent, violence, hit me, beat, beaten, trauma*, trigger*, molest*, harass*, "
        "stalk*, threaten*, police, victim, flashback*, ptsd, controlling, manipulat*"
    ),
    "link": "http, https, www, com, html, twitter, youtube, link, via, url",
    "wish": "want, wants, wanted, wish, need, needs, hope, please, looking for, would like, hoping",
    "recommend": (
        "recommend, recommended, worth, warn, warning, beware, avoid, careful, do not take, dont take, stay away, never take, "
        "suggest, give it, be patient, stick with, glad i, would take, ask your doctor, everyone is different"
    ),
    "diagnosis_for": (
        "for depression, for anxiety, for panic, for my, prescribed for, treat, to treat, diagnosed with, suffer from, suffered "
        "from, suffering from, history of, was put on, to help with, because of my, years of, battle*, condition, for ocd, for "
        "ptsd, for pain"
    ),
}
"""How people speak, and of what."""

FELT: Mapping[str, str] = {
    "joy": (
        "happy, happier, happiest, happily, joy*, delight*, cheer*, laugh*, smil*, celebrat*, excited, exciting, thrilled, fun, "
        "enjoy*, lovely, sweet, fantastic, incredible, brilliant, blessing*, bless*, hug*, kiss*, party, vacation, holiday*, "
        "birthday, gift*, win, won, winning, success*, achiev*, treat, dream, romantic, beautiful*, adorable, cute, favorite, "
        "favourite"
    ),
    "ease": (
        "calm*, relax*, peace*, quiet, rest, rested, content, contented, comfort*, safe*, secure, security, easy, easier, "
        "easily, stable, steady, settled, cope, coping, manage, managed, managing, okay, ok, alright, fine, confident, "
        "confidence, patient, patience, free, freedom, refresh*, warm, gentle, kind, kindness, care, caring, cared, trust*, "
        "loyal, support*, encourag*, understand*, accept*, forgiv*, recover*, heal*, improv*, progress, solution*, solve*, "
        "resolved"
    ),
    "ill_treated": (
        "bully*, bullied, insult*, blam*, accus*, lied, lying, liar, cheat*, betray*, ignor*, yelled, yelling, shout*, "
        "screamed, screaming, slap*, punch*, kick*, grab*, chok*, threat*, forced, forcing, humiliat*, mock*, critici*, judg*, "
        "attack*, robbed, stole, stolen, evict*, kicked out, thrown out, neglect*, gaslight*, toxic, cruel*, mean to, hostile, "
        "aggressiv*, arrest*, jail, prison, court, custody"
    ),
    "strain": (
        "stress*, overwhelm*, pressure*, burnout, burned out, burnt out, exhaust*, drain*, struggl*, cope with, cant cope, "
        "breakdown, break down, breaking down, meltdown, falling apart, fell apart, losing it, lose it, freak*, spiral*, snap, "
        "snapped, on edge, too much, cant handle, cant stop, cant think, cant focus, cant breathe, racing, obsess*, ruminat*, "
        "overthink*, desperat*, frantic*, panick*, tense, tension, tight, shaking, trembl*, sweating, pounding, hyperventilat*, "
        "nausea*, throw up, throwing up, crying, sobbing, shut down, dissociat*"
    ),
    "grief": (
        "griev*, grief, mourn*, heartbr*, devastat*, despair*, miser*, hopeless*, helpless*, lonel*, empty, emptiness, numb, "
        "broken, shatter*, crush*, regret*, remorse, guilt*, asham*, shame, humiliat*, embarrass*, jealous*, bitter*, resent*, "
        "disappoint*, discourag*, unhappy, sorrow*, pain, painful, hurt, hurts, hurting, wound*, ache, agony, torment*, "
        "tortur*, horrif*, horror, horribl*, dreadful, awful, terribl*, tragic, tragedy"
    ),
    "danger": (
        "danger*, risk*, unsafe, emergenc*, urgent, critical, serious*, severe*, threat*, harm*, kill*, murder*, weapon*, "
        "violen*, attack, accident*, crash*, poison*, fatal*, deadly, worst case, disaster*, catastroph*, crisis, crises, "
        "collaps*, chaos, chaotic, emergency"
    ),
    "trouble": (
        "problem*, issue*, trouble*, difficult*, wrong, fail*, mistake*, fault, bad, worse, worst, mess, messed up, screwed, "
        "screw up, stuck, trapped, lost, losing, lose, broke, debt*, late, missing, missed, refuse*, reject*, denied, unable, "
        "impossible, useless, waste*, lack*, poor, weak*, sick, ill, tired, bored, boring, annoy*, irritat*, frustrat*, upset*, "
        "upsetting, confus*, complain*, unfair, unfortunate*, sadly, sorry, unfortunately"
    ),
    "not_feeling": (
        "not worried, not too worried, not that worried, not really worried, not overly worried, not particularly worried, not "
        "overly concerned, not too concerned, not concerned, not anxious, not scared, not afraid, not stressed, not sad, not "
        "panicking, no worries, no fear, no anxiety, no stress, less worried, less anxious, less stressed, dont worry, dont "
        "feel anxious, dont feel worried, isnt affecting, not affected, doesnt bother, no problem, not bad, not too bad, havent "
        "been affected, little change, not much has changed, used to it, no change"
    ),
    "much_feeling": (
        "very worried, really worried, so worried, extremely worried, constantly worried, worried sick, very anxious, really "
        "anxious, so anxious, extremely anxious, constantly anxious, very scared, really scared, so scared, terrified, "
        "petrified, very concerned, really concerned, extremely concerned, deeply concerned, very afraid, so afraid, very "
        "stressed, so stressed, really stressed, very sad, so sad, really sad, very upset, cant stop thinking, cant sleep, so "
        "much anxiety, high anxiety, feel sick, scares me, terrifies me, worries me, frightens me, my biggest fear, biggest "
        "worry, main worry, fear for, worried about, worried that, worry about, scared that, scared of, afraid of, afraid that, "
        "anxious about"
    ),
    "at_risk": (
        "elderly, vulnerable, high risk, at risk, underlying, asthma*, diabet*, immune, immunosuppress*, compromised, pregnan*, "
        "frail, grandparent*, grandma, nan, gran, parents, loved ones, my mum, my mom, my dad, key worker*, front line, "
        "frontline, nurse, carer, care home, nhs, older, my husband, my wife, my children, my kids, my son, my daughter"
    ),
}
"""Shades of feeling, strain and ease: for stress and worry (docs/language.md)."""

LEFT: Mapping[str, str] = {
    "leaving": (
        "cold turkey, wean*, taper*, coming off, come off, came off, getting off, get off, got off, going off, go off, went off, "
        "been off, be off, am off, im off, now off, off it, off this, off the drug, off the med, off the meds, off them, off of "
        "it, off of this, off of them, detox*, quit taking, quitting, i quit, stop taking, stopped taking, stopping, i stop, i "
        "stopped, discontinu*, withdraw*, step down, cut down, cutting down, cut back, ran out, run out, running out, try to "
        "stop, tried to stop, since i stopped, since i quit, when i stopped, when i quit, last pill, last dose, lower the dose, "
        "reducing the dose, stopped cold, since my last"
    ),
    "missing": (
        "miss a, missed a, missing a, miss one, missed one, missing one, miss my, missed my, miss even, missed dose*, missed "
        "pill*, missed two, miss two, forget to take, forgot to take, forget a, forgot a, forget my, forgot my, forget it, forgot "
        "it, forget one, skip a, skipped a, skipping a, skip one, skip my, skipped my, if i miss, if i forget, if i skip, if i "
        "dont take, if you miss, if you forget, miss dose*, missing dose*, hours late, without it, without taking, without the, "
        "without this, dont take it"
    ),
}
"""Doing without a drug."""

ENGLISH: Mapping[str, str] = {**SPOKEN, **FELT, **LEFT}

EVIDENCE: Mapping[str, str] = {
    "negation": (
        "no, not, never, none, neither, nor, without, cannot, did not, does not, lack, lacks, lacking, absence, fail*, unlikely, non"
    ),
    "no_relation": (
        "no association, not associated, no evidence, no significant, not significant*, no effect, no difference, no benefit, "
        "no correlation, insufficient, inconclusive, not been, no clinical, not supported, no data, no proven, ineffective, not "
        "effective, no specific, not reduce, not improve, not recommended, no increased, not increase, not find, not found, not "
        "show"
    ),
    "open": (
        "unclear, unknown, limited, controvers*, further, needed, remains, hypothes*, debate*, conflicting, uncertain*, "
        "investigat*, under, warranted, caution, not yet, to be determined, question*"
    ),
    "shown": (
        "found, show*, demonstrat*, significant*, associated, confirm*, evidence, effective*, proven, reveal*, observed, "
        "identified, indicat*, correlat*, conclude*, strong, known, established, detected, report*"
    ),
    "might": "may, might, could, can, potential*, possibl*, suggest*, likely, probabl*, appear*, seem*, would, plausible, propose*",
    "up": (
        "increas*, higher, elevat*, rais*, rise, worse*, aggravat*, greater, more, promot*, enhanc*, high, severe, upregulat*, "
        "exacerbat*, facilitat*, boost*, longer, improv*, strengthen*"
    ),
    "down": (
        "reduc*, lower*, decreas*, declin*, less, fewer, low, inhibit*, suppress*, attenuat*, mitigat*, downregulat*, weaken*, "
        "limit*, diminish*, shorten*, deficien*, block*, prevent*, protect*, slow*"
    ),
    "cures": (
        "treat*, cure*, therap*, effective*, prevent*, protect*, benefi*, efficacy, improv*, help*, drug*, remed*, relief, antiviral"
    ),
    "harms": (
        "risk*, harm*, damag*, death*, mortality, die*, fatal*, severe*, advers*, toxic*, dangerous, complication*, side "
        "effect*, caus*, worse*, infect*, symptom*"
    ),
    "spreads": (
        "spread*, transmi*, contagious, aerosol*, airborne, droplet*, surface*, contact, infectious, shed*, contaminat*, fecal, route*"
    ),
    "origin": (
        "origin*, natural*, lab, laborator*, bat, bats, pangolin*, engineered, wuhan, evolution*, genom*, intermediate, host*, animal*"
    ),
    "who": (
        "child*, men, women, male*, female*, elderly, older, young*, pregnan*, patient*, people, adult*, smok*, diabet*, obes*, "
        "blood, asymptomatic, black, pet*, cat, cats, dog, dogs"
    ),
    "contrast": "however, but, although, despite, while, whereas, though, nevertheless, contrary, instead, rather",
    "amount": "percent, one, two, three, half, most, majority, all, many, few, several, day, days, hours, ratio, rate, rates",
    "study": (
        "study, studies, trial*, randomized, meta, review, data, analysis, cohort, patients, we, our, results, model*, vitro, clinical"
    ),
    "weather": "temperature*, humid*, warm*, heat*, weather, summer, season*, cold, climate, sunlight, uv",
    "measure": "mask*, distanc*, lockdown*, wash*, hygiene, quarantine, isolat*, vaccin*, school*, social, glove*, disinfect*",
}
"""How claims and scientific sentences speak: what rises, falls, is shown, is open; for the stance of evidence."""


def phrases(lexicon: Mapping[str, str]) -> list[tuple[str, str]]:
    """Kind and phrase, one a pair.

    >>> phrases({"i": "i, my"})
    [('i', 'i'), ('i', 'my')]
    """
    return [(kind, phrase.strip()) for kind, listed in lexicon.items() for phrase in listed.split(",")]
