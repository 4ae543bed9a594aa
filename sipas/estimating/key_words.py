"""What a lost key of a wave means for its figures, in plain sentences of their reader's language."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from analysis.disclosure.policy import Policy
from sipas.errors import N_, SipasError

SENTENCES = {
    ("cluster", "lost"): N_(
        "The key of this survey's weeks was lost before the survey ended. Which answers were given at one receiving "
        "point in one week is still known, and so is in how many weeks nobody answered: the intervals are as wide as "
        "they would have been."
    ),
    ("cluster", "renewed"): N_(
        "The key of this survey's weeks was lost while people were asked, and was replaced. Where the answers of one "
        "week may carry two marks, several weeks of a receiving point count as one group. The intervals are rather "
        "wider for it than narrower."
    ),
    ("id", "renewed"): N_(
        "The key by which an answer that is sent twice is recognised was lost and was replaced: an answer that was "
        "stored before and sent again after may count twice."
    ),
    ("invitation", "renewed"): N_(
        "The key of the invitation codes was lost and was replaced: codes handed out before could no longer be used."
    ),
}
SEALED = N_(
    "About {forms} forms that screens in offices had sealed could not be opened, for the key to them was lost. They "
    "are missing in all figures."
)


def key_sentences(lost_keys: Iterable[tuple[str, Any]] | None) -> list[SipasError]:
    """One for each key and consequence, as the codebook or the manifest names them."""
    said = []
    for key, consequence in lost_keys or ():
        if key == "seal":
            said.append(SipasError(SEALED, forms=consequence))
        elif (key, consequence) in SENTENCES:
            said.append(SipasError(SENTENCES[key, consequence]))
    return said


def for_readers(lost_keys: Iterable[tuple[str, str]] | None, policy: Policy) -> dict[str, str | int]:
    """The same as a release may say it: numbers of forms are rounded as those of people are."""
    return {key: policy.people(int(said)) if key == "seal" else said for key, said in lost_keys or ()}


def of_manifest(manifest: Mapping[str, Any]) -> list[SipasError]:
    """What a release says of it; nothing where no key was lost."""
    return key_sentences(sorted((manifest.get("lost_keys") or {}).items()))
