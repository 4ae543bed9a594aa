"""Numbers on the command line: with a decimal point or, as people in Vietnam write them, a decimal comma."""

from __future__ import annotations

from typing import Any

import click

from sipas.i18n import _, say


class Number(click.ParamType):
    """A number with either decimal mark; as a `count`, one that may have thousands grouped is refused.

    A share of 0,125 can mean one thing only, and so can a design effect of 1.125; a population of 1.250 cannot.
    """

    name = "float"

    def __init__(self, count: bool = False) -> None:
        self.count = count

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        if isinstance(value, int | float):
            return float(value)
        from sipas.errors import SipasError
        from sipas.tables.decimal_marks import DOUBTFUL_HERE, both_ways, is_two_ways, mark_of, number_of

        text = str(value).strip()
        if text == "inf":
            return float("inf")
        if self.count and is_two_ways(text):
            self.fail(say(SipasError(DOUBTFUL_HERE, **both_ways(text))), param, ctx)
        mark, _thousands = mark_of([text])
        found = number_of(text, mark or ("comma" if "," in text else "point"), False)
        if isinstance(found, str):
            self.fail(_("“{value}” is no number such as 0.03 or 0,03", value=text), param, ctx)
        return found


NUMBER, COUNT = Number(), Number(count=True)
