"""What can go wrong in the statistics, said so that the reader knows the next step.

Each error keeps its English template and the values named in it, so that an application can say it in another
language: `str(error) == error.template.format(**error.values)`. Templates are marked with `N_` for extraction.
"""

import difflib
from collections.abc import Iterable, Sequence
from typing import Any


def N_(text: str) -> str:
    """Mark a template for translators; the text itself is unchanged."""
    return text


class AnalysisError(Exception):
    """The family of all refusals of this package."""

    def __init__(self, template: str, **values: Any) -> None:
        self.template = template
        self.values = values
        super().__init__(template.format(**values))


class Remark(str):
    """A sentence about a result, with its template and values as an error has them; as text it is the English one.

    >>> remark = Remark("{count} rows", count=3)
    >>> remark, remark.template
    ('3 rows', '{count} rows')
    """

    template: str
    values: dict[str, Any]

    def __new__(cls, template: str, **values: Any) -> "Remark":
        """Fill the template; a template without values is taken as it is."""
        made = super().__new__(cls, template.format(**values) if values else template)
        made.template, made.values = template, values
        return made


class BadCodebook(AnalysisError):
    """The description of the questionnaire contradicts itself."""


class NotASnapshot(AnalysisError):
    """The file is not a Parquet file with a codebook in it."""


class AlteredSnapshot(AnalysisError):
    """The content of a snapshot is not the one that its digest stands for."""


class BadData(AnalysisError):
    """A column is missing, or a value lies outside what the codebook or the design allows."""


class BadDesign(AnalysisError):
    """The design contradicts itself or the data."""


class LonelyPsu(BadDesign):
    """A stratum has a single PSU, and the design does not say what to do about it."""


def lonely_strata(names: Sequence[str]) -> LonelyPsu:
    """Make the refusal that names the strata with a single PSU; without strata, the whole design is one."""
    if not any(names):
        return LonelyPsu(
            N_("the whole design has a single PSU, so that no variance can be estimated; give rows their real PSUs")
        )
    shown = ", ".join(name or "-" for name in names[:20]) + (" …" if len(names) > 20 else "")
    return LonelyPsu(
        N_(
            "strata with a single PSU, so that their variance is unknown: {strata}. "
            "Merge them with a similar stratum, or choose lonely: remove, centre or average"
        ),
        strata=shown,
    )


def lonely_parts() -> LonelyPsu:
    """Make the same refusal for PSUs with a single second-stage unit."""
    return LonelyPsu(
        N_("a PSU has a single second-stage unit, so its variance is unknown; choose lonely: remove, centre or average")
    )


class NotInCells(AnalysisError):
    """The cells were tabulated without something that this method needs; the message names what to ask for."""


class DifferentCells(AnalysisError):
    """Cells of different questionnaires, designs or keys cannot be added."""


class BadWeights(AnalysisError):
    """A weight is negative or not a number, or all are zero."""


class CannotCalibrate(AnalysisError):
    """The population totals cannot be met by these answers."""


class BadMethod(AnalysisError):
    """An unknown method, or a method asked for something it does not give."""


class NotEstimable(BadMethod):
    """These answers do not determine the parameters of a model; the message names the categories in question."""


def no_replicates() -> BadMethod:
    """Make the refusal of methods that replicate weights cannot serve."""
    return BadMethod(
        N_("this cannot be computed from replicate weights; name strata and PSUs in the design instead of them")
    )


def nearest(name: str, known: Iterable[str], number: int = 3) -> str:
    """Return the known names that look most like this one, for a refusal that helps; of nothing alike the first ones.

    >>> nearest("unit=03664", ["unit=03646", "unit=03660", "field=land"], 2)
    'unit=03660, unit=03646'
    """
    names = list(known)
    found = difflib.get_close_matches(name, names, n=number, cutoff=0.5) or names[:number]
    return ", ".join(found)


def one_of(what: str, given: str, known: tuple[str, ...] | list[str]) -> None:
    """Refuse a name that is not among the known ones."""
    if given not in known:
        raise BadMethod(
            N_("{what} `{given}` is not known; choose one of: {known}"), what=what, given=given, known=", ".join(known)
        )
