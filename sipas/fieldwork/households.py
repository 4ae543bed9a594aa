"""Waves that ask households: no dossier was handled, so there is no service field, and no office counts them.

The place of the field is held by one that stands for none: number 0 in a row, as where a field is not stored.
"""

from __future__ import annotations

from sipas.errors import N_, SipasError
from sipas.fieldwork.models import Wave
from sipas.registry.models import Service
from surveys import Instrument

VISITORS, HOUSEHOLDS = "visitors", "households"
NO_FIELD = "household"  # stands where a file or a snapshot names the service field


class BadPopulation(SipasError):
    """A wave that asks people of whom its questionnaire, its series or its counts cannot speak."""


def no_field() -> Service:
    """What is taken in the place of a service field; of no table."""
    return Service(id=0, code=NO_FIELD, name="Hộ gia đình", name_en="Household", everyday="", everyday_en="")


def asks_households(wave: Wave) -> bool:
    """Whether a wave asks households."""
    return wave.population == HOUSEHOLDS


def population_of(instrument: Instrument, said: str, series: str) -> str:
    """Of whom a wave with this questionnaire asks: as said, or the only people of whom it may ask.

    Raises BadPopulation where nobody said it and there is a choice, where the questionnaire cannot ask them, and where
    a wave of households would stand among the main figures, which are those of visitors.
    """
    known = ", ".join(instrument.populations)
    if not said and len(instrument.populations) > 1:
        raise BadPopulation(
            N_(
                "Questionnaire {instrument} may ask {known}; say with --population whom this wave asks. Figures of the "
                "one never stand for the other."
            ),
            instrument=instrument.code,
            known=known,
        )
    population = said or instrument.populations[0]
    if population not in instrument.populations:
        raise BadPopulation(
            N_("Questionnaire {instrument} does not ask {population}; it asks {known}."),
            instrument=instrument.code,
            population=population,
            known=known,
        )
    if population == HOUSEHOLDS and series == "main":
        raise BadPopulation(
            N_(
                "A wave of households cannot belong to the main figures, which are those of visitors; open it with "
                "--series other."
            )
        )
    return population
