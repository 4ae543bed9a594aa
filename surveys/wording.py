"""An instrument in other words. Which words, a function of the application knows; here is only where each one belongs.

Every wording has an address, which is its context in the `instruments` catalogs:
`service-2024/B1.1` is an item, `service-2024/satisfaction/4` a level, `service-2024/sex/f` an option.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace

from surveys.instrument import Comment, Factor, Instrument, Item, Option, PersonQuestion, Scale

Say = Callable[[str, str], str]
"""Takes an address and the wording as written; gives the wording to show."""


def texts(instrument: Instrument) -> Iterator[tuple[str, str]]:
    """Every wording that a visitor may see, with its address."""
    seen: dict[str, str] = {}
    translated(instrument, lambda address, text: seen.setdefault(address, text))
    yield from seen.items()


def translated(instrument: Instrument, say: Say) -> Instrument:
    """The same instrument in other words; codes, scales and order stay as they are.

    `say` is asked for each wording by its address; what it does not know, it gives back unchanged.

    >>> from surveys import load
    >>> translated(load("demo"), lambda address, text: address).item("A1").text
    'demo/A1'
    """

    def words(text: str, *where: str) -> str:
        return say("/".join((instrument.code, *where)), text) if text else text

    def options(given: tuple[Option, ...], code: str) -> tuple[Option, ...]:
        return tuple(replace(option, text=words(option.text, code, option.code)) for option in given)

    def scale(given: Scale) -> Scale:
        return replace(
            given,
            levels=tuple(words(level, given.code, str(n)) for n, level in enumerate(given.levels, 1)),
            lead=words(given.lead, given.code, "lead"),
            not_applicable=words(given.not_applicable, given.code, "not_applicable"),
        )

    def item(given: Item) -> Item:
        return replace(
            given,
            text=words(given.text, given.code),
            scale=given.scale and scale(given.scale),
            options=options(given.options, given.code),
        )

    def factor(given: Factor) -> Factor:
        return replace(given, text=words(given.text, given.code), items=tuple(map(item, given.items)))

    def question(given: PersonQuestion) -> PersonQuestion:
        return replace(given, text=words(given.text, given.code), options=options(given.options, given.code))

    def comment(given: Comment) -> Comment:
        return replace(given, text=words(given.text, given.code), hint=words(given.hint, given.code, "hint"))

    return replace(
        instrument,
        title=words(instrument.title, "title"),
        population=words(instrument.population, "population"),
        opening=tuple(map(item, instrument.opening)),
        aspects=tuple(
            replace(one, text=words(one.text, one.code), factors=tuple(map(factor, one.factors)))
            for one in instrument.aspects
        ),
        closing=tuple(map(item, instrument.closing)),
        profile=tuple(map(question, instrument.profile)),
        comment=instrument.comment and comment(instrument.comment),
    )
