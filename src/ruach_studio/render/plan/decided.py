"""Turn a rule's answer into a verdict that stays beside exactly the inputs that were hashed, as the audit asks for both."""

from dataclasses import dataclass

from ruach_studio.kernel.decision import Verdict
from ruach_studio.kernel.hashing import inputs_hash, plain


@dataclass(frozen=True, slots=True)
class Decided:
    """A verdict and the plain (JSON) form of everything that its rule read."""

    verdict: Verdict[str]
    inputs: object


def decided(
    decision: str, reasons: tuple[str, ...], inputs: object, rules_version: str, confidence: float | None = None
) -> Decided:
    """Return the decision with its verdict made from `inputs`."""
    read = plain(inputs)
    return Decided(Verdict(decision, reasons, inputs_hash(read), rules_version, confidence), read)
