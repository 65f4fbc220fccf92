"""Turn a piece's markdown into passages of about 120 to 200 words, each under its headings, each named by its content.

A passage never crosses a heading. Paragraphs, lists and code stay whole where they fit; a longer paragraph is cut between
sentences, a longer sentence between words. The SHA-256 of heading and text is what an embedding belongs to, so that a
paragraph that only moved keeps its vector. Markup that nobody reads aloud is taken off; comments are dropped.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from ruach_studio.kernel.hashing import inputs_hash

AIM_WORDS, MOST_WORDS, LEAST_WORDS = 120, 200, 40
PROMPT_HEADING = "Prompt"
_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
_HEADING = re.compile(r" {0,3}(#{1,6})(?:[ \t]+(.*?))?[ \t]*#*[ \t]*$")
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")
_IMAGE_OR_LINK = re.compile(r"!?\[([^\]\[]*)\]\([^()\s]*(?:\s+\"[^\"]*\")?\)")
_MARKS = re.compile(r"(\*{1,3}|_{1,3}|`+)(?=\S)(.+?)(?<=\S)\1")
_QUOTE = re.compile(r"^ {0,3}>[ \t]?")
_SENTENCE_END = re.compile(r"(?<=[.!?…])[\"'”’)]*\s+")


@dataclass(frozen=True, slots=True)
class Chunk:
    """A passage: its place in the piece (from 0), the headings above it ("Title › Part"), its text, the hash of both."""

    idx: int
    heading: str
    text: str

    @property
    def sha256(self) -> str:
        """Return the hash that its embedding belongs to."""
        return inputs_hash([self.heading, self.text])

    @property
    def words(self) -> int:
        """Return how many words the text has."""
        return len(self.text.split())


def chunk_piece(title: str, body: str, prompt: str = "") -> tuple[Chunk, ...]:
    """Return the passages of a piece in order; the prompt, if there is one, is the last. () for a piece without text."""
    parts = [(heading, text) for heading, blocks in _sections(title, body) for text in _packed(blocks)]
    if said := _plain(prompt.strip()):
        parts += [(f"{title} › {PROMPT_HEADING}", text) for text in _packed([said])]
    return tuple(Chunk(idx, heading, text) for idx, (heading, text) in enumerate(parts))


def _sections(title: str, body: str) -> Iterator[tuple[str, list[str]]]:
    """Yield (headings above, blocks of text) per section."""
    above: dict[int, str] = {}
    blocks: list[str] = []
    lines: list[str] = []
    fence = ""

    def close() -> None:
        if text := _plain("\n".join(lines).strip("\n")).strip():
            blocks.append(text)
        lines.clear()

    for line in _COMMENT.sub("", body.replace("\r\n", "\n").replace("\r", "\n")).split("\n"):
        mark = _FENCE.match(line)
        if fence:
            lines.append(line)
            if mark and mark[1].startswith(fence) and not line.strip().strip(fence[0]):
                fence = ""
        elif mark:
            fence = mark[1]
            lines.append(line)
        elif found := _HEADING.match(line):
            close()
            if blocks:
                yield _path(title, above), blocks
                blocks = []
            depth = len(found[1])
            above = {level: name for level, name in above.items() if level < depth}
            above[depth] = _plain(found[2] or "").strip()
        elif line.strip():
            lines.append(line)
        else:
            close()
    close()
    if blocks:
        yield _path(title, above), blocks


def _path(title: str, above: dict[int, str]) -> str:
    names = [title, *(above[level] for level in sorted(above))]
    return " › ".join(dict.fromkeys(name for name in names if name))


def _plain(text: str) -> str:
    lines = [_QUOTE.sub("", line).rstrip() for line in text.split("\n") if not _FENCE.match(line)]
    bare = _IMAGE_OR_LINK.sub(r"\1", "\n".join(lines))
    for _ in range(2):  # a mark within a mark
        bare = _MARKS.sub(r"\2", bare)
    return bare


def _packed(blocks: Iterable[str]) -> list[str]:
    """Return passages: blocks are joined until AIM_WORDS are reached, and none has more than MOST_WORDS."""
    packed: list[str] = []
    counts: list[int] = []
    for piece in (part for block in blocks for part in _cut(block)):
        count = len(piece.split())
        if packed and counts[-1] < AIM_WORDS and counts[-1] + count <= MOST_WORDS:
            packed[-1], counts[-1] = f"{packed[-1]}\n\n{piece}", counts[-1] + count
        else:
            packed.append(piece)
            counts.append(count)
    if len(packed) > 1 and counts[-1] < LEAST_WORDS and counts[-2] + counts[-1] <= MOST_WORDS:
        packed[-2:] = [f"{packed[-2]}\n\n{packed[-1]}"]
    return packed


def _cut(block: str) -> Iterator[str]:
    """Yield a block in parts of at most MOST_WORDS, between sentences where there are any."""
    if len(block.split()) <= MOST_WORDS:
        yield block
        return
    part: list[str] = []
    for sentence in _SENTENCE_END.split(block):
        words = sentence.split()
        if part and len(part) + len(words) > MOST_WORDS:
            yield " ".join(part)
            part = []
        while len(words) > MOST_WORDS:
            yield " ".join(words[:MOST_WORDS])
            words = words[MOST_WORDS:]
        part += words
    if part:
        yield " ".join(part)
