"""Turn a text into words, sentences and the kinds of reflection that each sentence shows, by published lists of cues.

The eight kinds follow Ullmann 2019 and Wald's REFLECT; the cues are our own, English only. A cue is a run of whole words;
`*` at its end stands for any ending. The lists are part of the rules' version: a changed cue is a new version.
"""

import re
import unicodedata

# kind -> points (of 1000; `length` adds 60), in the order in which a sentence feeds them
POINTS = {
    "learning": 160, "difficulty": 140, "reflection": 140, "experience": 120, "feeling": 110, "perspective": 110,
    "intention": 100, "belief": 60,
}  # fmt: skip
_FUNCTION = """
    a about above after again against all also although am an and any are around as at be became because become been
    before being between both but by came can cannot come could did do does doing done down during each either else
    enough even ever every few for from get go got had has have having he her here him himself his how i i'd i'll
    i'm i've if in instead into is it it's its itself just let like made make many may me might mine more most much
    must my myself neither never no nor not now of off on once one only or other our ours out over own perhaps put
    rather same say see shall she should since so some still such than that that's the their them themselves then
    there these they this those though through to too toward under until unto up upon us very was we were what when
    where whether which while who whom whose why will with within without would yet you your yours didn't don't
    couldn't can't wasn't isn't wouldn't
"""
_CUES = {
    "experience": """
        i went, i saw, i heard, i met, i tried, i did, i was, i had, i read, i prayed, i asked, i told, i said, i spoke, i
        sat, i came, i left, i lost, i gave, i took, i used, i began, i started, i stopped, i watched, i walked, i chose, i
        called, i wrote, i got, i made, we went, we had, we were, we talked, we did, happened, yesterday, last week, last
        year, last month, last night, this week, this morning, today, when i was, years ago, days ago, at work, at home,
        for months, for years, one day, as a child, the first time""",
    "feeling": """
        felt, feel*, afraid, fear*, anxious, anxiety, nervous, ashamed, shame, guilt*, angry, anger, sad, sadness, grief,
        griev*, joy*, happy, happi*, peace, peaceful, relie*, hurt, lonely, excit*, frustrat*, disappoint*, proud, pride,
        worr*, upset, overwhelm*, gratitude, grateful, thankful, hope*, scared, uneasy, restless, comfort*, cry, cried,
        tears, surpris*, pleas*, enjoy*, liked, loved, calm*, stress*, satisf*, sorry, glad, annoy*, uncomfortable,
        embarrass*""",
    "difficulty": """
        struggl*, hard, harder, hardest, difficult*, wrestl*, doubt*, problem*, resist*, fail*, mistake*, confus*, cannot,
        can't, couldn't, could not, did not know, didn't know, don't know, do not know, not sure, unsure, challeng*, stuck,
        avoid*, tempt*, conflict*, broken, wrong, torn, afraid to, unfortunately, trouble, lack*, weak*, excuse*, did not
        manage, didn't manage, not able, unable, too much, not enough, i hid, lost control, argu*""",
    "belief": """
        believe*, i think, trust*, faith, convinced, i know that, i am sure, i'm sure, in my opinion, truth is, god is, i
        hold, i hold that, it seems to me, i consider, my view, i am certain, important to me, in my view""",
    "perspective": """
        from his, from her, from their, his side, her side, their side, point of view, perspective, he must have, she must
        have, they must have, he may, she may, they may, he felt, she felt, they felt, for him, for her, for them, others
        see, other people, another person, someone else, on the other hand, in their place, in his place, in her place, he
        thought, she thought, they thought, through the eyes, he needed, she needed, they needed, how others, he saw, she
        saw, they saw, to him, to her, to them, he wanted, she wanted, they wanted""",
    "learning": """
        learn*, realiz*, realis*, understood, understand now, now understand, discover*, i see now, now i see, i now see, i
        noticed, notic*, taught me, showed me, shows me, found out, became clear, came to see, recogniz*, recognis*, it
        dawned, made me see, i have come to, i used to think, used to believe, changed my, opened my eyes, insight*, i
        found that, lesson was that, experience taught, i know now, i began to see, convicted me, reminded me""",
    "reflection": """
        because, why i, why did, why do, why it, reason*, perhaps, maybe, wonder*, looking back, in hindsight, i ask
        myself, i asked myself, it means, meant that, what this means, led me to, that is why, the root, underneath, if i
        had, i should have, i could have, would have been, might have, i might, therefore, so that i, comes from, came
        from, caused by, it was my own, question*, i thought about, thinking about, thought that, consequence*, instead of,
        whether""",
    "intention": """
        i will, i'll, i want to, i am going to, i'm going to, next time, from now on, i plan, i intend, i decided, i have
        decided, i commit, my next step, i need to, i must, i am determined, i resolve, tomorrow, in the future, i would
        like to, i'd like to, we will, i have to, i hope to, i promise*, i should, i shall, i am asking""",
}
FUNCTION_WORDS = frozenset(_FUNCTION.split())
FIRST_PERSON = frozenset("i me my mine myself i'm i've i'd i'll we us our ours".split())  # noqa: SIM905
_WORD = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)*")
_STOP = re.compile(r"[.!?\u2026;]+|\n\s*\n|\n\s*[-*\u2022\d]")


def _pattern(cues: str) -> re.Pattern[str]:
    runs = [re.escape(" ".join(cue.split())).replace(r"\*", "[^ ]*") for cue in cues.split(",")]
    return re.compile(f" (?:{'|'.join(runs)})(?= )")


_PATTERNS = {kind: _pattern(_CUES[kind]) for kind in POINTS}


def words_of(text: str) -> tuple[str, ...]:
    """Return the words in lower case, apostrophes kept straight, digits and signs left out."""
    return tuple(_WORD.findall(unicodedata.normalize("NFKC", text).replace("\u2019", "'").casefold()))


def sentences_of(text: str) -> list[tuple[str, ...]]:
    """Return the words of each sentence; an empty line and a bullet end one too."""
    return [words for part in _STOP.split(text) if (words := words_of(part))]


def kinds_of(sentence: tuple[str, ...]) -> tuple[str, ...]:
    """Return every kind of reflection that the sentence has a cue of, in the order of POINTS."""
    line = f" {' '.join(sentence)} "
    return tuple(kind for kind, pattern in _PATTERNS.items() if pattern.search(line))


def function_per_mille(words: tuple[str, ...]) -> int:
    """Return the share of function words in per mille; 0 of no words."""
    return 1000 * sum(word in FUNCTION_WORDS for word in words) // max(1, len(words))


def is_own_sentence(words: tuple[str, ...]) -> bool:
    """Say whether a sentence can speak for its writer: 5 words or more, first person, 20 % function words or more."""
    return len(words) >= 5 and not FIRST_PERSON.isdisjoint(words) and function_per_mille(words) >= 200
