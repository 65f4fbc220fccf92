"""Turn a reflection into the opinion of the published rubric, in the words that every assessor uses."""

from ruach_studio.formation.ports import Opinion, ReflectionText
from ruach_studio.formation.rubric import RUBRIC_VERSION, assess


def assess_by_rules(given: ReflectionText) -> Opinion:
    """Return the rubric's opinion. Rules count; they do not judge doctrine, so soundness is "unclear"."""
    found = assess(given.text, prompt=given.prompt, source_texts=given.source_texts, own_earlier=given.own_earlier)
    return Opinion(
        quality=found.quality, is_regurgitation=found.is_regurgitation, shows_wrestling=found.shows_wrestling,
        soundness="unclear", source="rules", rubric_version=RUBRIC_VERSION, reasons=found.verdict.reasons,
        sub_scores={**found.sub_scores, **found.multipliers},
    )  # fmt: skip
