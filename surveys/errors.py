"""What can be wrong with a questionnaire, in words that an application can translate.

An error keeps its English template and the values in it apart; `str()` puts them together.
"""

from collections.abc import Sequence
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


class Complaint(SurveyError):
    """One thing that is wrong in one line of a file, and what to do about it; both are errors of their own words."""

    def __init__(self, file: str, line: int, problem: SurveyError, remedy: SurveyError) -> None:
        super().__init__(
            N_("{file}, line {line}: {problem} {remedy}"), file=file, line=line, problem=problem, remedy=remedy
        )
        self.line = line


class BadInstrument(SurveyError):
    """A file that is no instrument yet. `errors` holds every complaint, in the order of the lines."""

    def __init__(self, file: str, complaints: Sequence[Complaint]) -> None:
        super().__init__(N_("{file} cannot be used as a questionnaire:"), file=file)
        self.errors = tuple(sorted(complaints, key=lambda complaint: complaint.line))

    def __str__(self) -> str:
        return "\n".join([super().__str__(), *(f"  {complaint}" for complaint in self.errors)])
