"""What can go wrong in the application, said so that a person knows the next step.

An error carries an English template and its named values; `sipas.i18n.say` puts it into the reader's language.
The packages `analysis` and `surveys` build their own families alike, so one translator serves all three.
"""

from __future__ import annotations

from collections.abc import Sequence


def N_(text: str) -> str:
    """Marks a template for the catalogs without translating it yet."""
    return text


def first_few(names: Sequence[object], shown: int) -> str:
    """The first of many names, as a sentence tells them, and that there are more.

    >>> first_few(["03646", "03664", "03670"], 2)
    '03646, 03664, …'
    """
    return ", ".join(map(str, names[:shown])) + (", …" if len(names) > shown else "")


class SipasError(Exception):
    """Refused by the data or the state of things (exit status 1, or a page); `str` gives the English sentence."""

    status = 400  # of the page that shows it

    def __init__(self, template: str, **values: object) -> None:
        super().__init__(template, values)
        self.template = template
        self.values = values

    def __str__(self) -> str:
        return self.template.format(**self.values)


class ManyErrors(SipasError):
    """Several complaints about one file, all at once; `.errors` holds each."""

    def __init__(self, heading: SipasError, errors: list[SipasError]) -> None:
        super().__init__(heading.template, **heading.values)
        self.errors = errors

    def __str__(self) -> str:
        return "\n".join([super().__str__(), *(f"  {error}" for error in self.errors)])


class BadFile(SipasError):
    """A file that cannot be read as it is; names file, line and what to do."""


class UnknownPoint(SipasError):
    """No receiving point of that code."""

    status = 404


class UnknownCode(SipasError):
    """A unit, service, wave or release that is not in the books."""

    status = 404


class NoOpenWave(SipasError):
    """Nothing is being asked at this point today."""

    status = 404


class WaveState(SipasError):
    """The wave is not in the state this deed needs (still open, closed, frozen already)."""

    status = 409


class AnswerOutsideScale(SipasError):
    """An answer that the question does not offer."""

    status = 422


class SchemaMismatch(SipasError):
    """The database is older or newer than this program."""

    status = 503


class NotReady(SipasError):
    """The installation lacks something (no database yet, a taken port, a missing key)."""

    status = 503


class SamePerson(SipasError):
    """Whoever built a release may not approve it."""

    status = 409


class NotStored(SipasError):
    """Nothing of this was stored, or it is in doubt; the same, sent again under the same id, counts once.

    `reason` is for the operator: busy, full, damaged, away (the database cannot be reached) or limit (the point's
    budget); after `wait` seconds trying again makes sense.
    """

    status = 503

    def __init__(self, reason: str, wait: int = 5) -> None:
        super().__init__(N_("The answer could not be stored just now. Please wait a moment and send it again."))
        self.reason, self.wait = reason, wait
