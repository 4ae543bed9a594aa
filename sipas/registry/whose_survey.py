"""Whose survey it is, as the pages of visitors and readers say it before the province's name.

"SIPAS" is the name of the national index; nobody who answers, or reads a figure, meets it as the name of this survey.
"""

from __future__ import annotations

from sipas.errors import N_
from sipas.registry.province import is_city


def own_survey(name: str) -> str:
    """The words before a name of the registry or a release, to be translated."""
    return N_("The city's own survey:") if is_city(name) else N_("The province's own survey:")
