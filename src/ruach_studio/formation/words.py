"""Turn a text into the words that carry its meaning, each reduced to a stem, so that "praying" finds "prayer".

English only, by a short list of endings of our own; words of other languages pass through as they are. Search compares
titles by these stems and the offline embedder counts them; full text has PostgreSQL's own stemmer. A changed ending or stop
word changes vectors: raise WORDS_VERSION then, which is part of the embedder's name.
"""

import re
import unicodedata
from functools import lru_cache

WORDS_VERSION = 1
_STOP_WORDS = """
    a about above after again against all also am an and any are as at be because been before being below between both but
    by came can cannot come could did do does doing done down during each either else even ever every few for from further
    get give gives go goes going got had has have having he her here hers herself him himself his how i if in into is it its
    itself just let like made make makes many may me might mine more most much must my myself neither never no nor not now of
    off on once one only or other our ours ourselves out over own put rather really same say says shall she should since so
    some still such take takes than that the their theirs them themselves then there these they thing things this those
    though through to too toward under until unto up upon us use very want was way we were what when where whether which
    while who whom whose why will with within without would yet you your yours yourself yourselves
"""
STOP_WORDS = frozenset(_STOP_WORDS.split())
_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")
_VOWEL = re.compile(r"[aeiouy]")
# ending, what replaces it, letters that must remain before it; tried in this order, the first that fits is taken
_ENDINGS = (
    ("fulness", "", 4), ("iveness", "iv", 3), ("ousness", "", 4), ("ically", "", 4), ("ations", "", 4), ("ation", "", 4),
    ("ments", "", 4), ("ment", "", 4), ("nesses", "", 4), ("ness", "", 4), ("ances", "", 4), ("ance", "", 4),
    ("ences", "", 4), ("ence", "", 4), ("ities", "", 4), ("ity", "", 4), ("ingly", "", 3), ("edly", "", 3),
    ("ings", "", 3), ("ing", "", 3), ("iful", "i", 3), ("fully", "", 3), ("ful", "", 3), ("less", "", 4),
    ("sions", "s", 3), ("sion", "s", 3), ("tions", "t", 3), ("tion", "t", 3), ("iest", "i", 3), ("iers", "i", 3),
    ("ier", "i", 3), ("ied", "i", 2), ("ies", "i", 2), ("ers", "", 4), ("er", "", 4), ("ed", "", 3), ("ly", "", 3),
    ("sses", "ss", 2), ("es", "", 4), ("s", "", 3),
)  # fmt: skip


def words_of(text: str) -> list[str]:
    """Return the words of `text` in order: lower case, compatibility forms folded, possessive endings cut.

    >>> words_of("God’s mercy — new every morning")
    ['god', 'mercy', 'new', 'every', 'morning']
    """
    found = _WORD.findall(unicodedata.normalize("NFKC", text).casefold())
    return [word.replace("’", "'").removesuffix("'s") for word in found]


def stems_of(text: str) -> list[str]:
    """Return the stems of the words that carry meaning, in order; a stop word has none.

    >>> stems_of("How do I keep praying when nothing changes?")
    ['keep', 'pray', 'noth', 'chang']
    """
    return [stem_of(word) for word in words_of(text) if word not in STOP_WORDS and "'" not in word]


@lru_cache(maxsize=50_000)
def stem_of(word: str) -> str:
    """Return the stem of one lower-case word.

    >>> [stem_of(word) for word in ("repentance", "repented", "forgiven", "forgiving", "holiness", "prayers")]
    ['repent', 'repent', 'forgiv', 'forgiv', 'holi', 'pray']
    """
    stem = word
    for ending, instead, least in _ENDINGS:
        if stem.endswith(ending):
            before = stem[: -len(ending)]
            if len(before) < least or not _VOWEL.search(before) or (ending == "s" and before[-1] in "sui"):
                continue
            stem = before + instead
            break
    if len(stem) > 3 and stem[-1] == stem[-2] and stem[-1] not in "lsz":
        stem = stem[:-1]
    if len(stem) > 4 and stem.endswith("en"):
        stem = stem[:-2]
    if len(stem) > 3 and stem[-1] == "e":
        stem = stem[:-1]
    return f"{stem[:-1]}i" if len(stem) > 3 and stem[-1] == "y" and stem[-2] not in "aeiou" else stem
