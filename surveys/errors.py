"""What can be wrong with a questionnaire, in words that an application can translate.

An error keeps its English template and the values in it apart; `str()` puts them together.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any


def N_(text: str) -> str:
    """Mark a template for translation, and leave it as it is."""
    return text


class SurveyError(Exception):
    """A questionnaire that cannot be had or cannot be used."""

    def __init__(self, template: str, **values: Any) -> None:
        super().__init__(template, values)
        self.template = template
        self.values = values

    def __str__(self) -> str:
        return self.template.format(**self.values)


class UnknownInstrument(SurveyError):
    """No file of that code (or of that version) lies among the instruments."""


@dataclass(frozen=True)
class Complaint:
    """One thing that is wrong in one line of a file, and what to do about it."""

    file: str
    line: int
    template: str
    remedy: str
    values: dict[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.file}, line {self.line}: " + f"{self.template} {self.remedy}".format(**self.values)


class BadInstrument(SurveyError):
    """A file that is no instrument yet. It carries every complaint, in the order of the lines."""

    def __init__(self, complaints: Sequence[Complaint]) -> None:
        self.complaints = tuple(sorted(complaints, key=lambda complaint: complaint.line))
        super().__init__("{complaints}", complaints="\n".join(map(str, self.complaints)))
