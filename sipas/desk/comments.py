"""What people wrote, page by page: only of waves that have ended, and never beside an answer."""

from __future__ import annotations

from flask import render_template, request

from sipas.desk.blueprint import desk, logged
from sipas.fieldwork.waves import wave_of
from sipas.publishing import comments as reading
from sipas.web.installation import installation


@desk.get("/wave/<code>/comments")
def comments(code: str) -> str:
    """The comments of a wave, of one unit where it is asked for."""
    home = installation().home
    unit = request.args.get("unit", "")
    with installation().database.reading() as session:
        count = reading.how_many(session, home, code, unit)
        logged("comments read", wave_of(session, code).code)
        pages = max(1, -(-count // reading.PAGE))
        number = min(max(request.args.get("page", 1, type=int), 1), pages)
        units, nowhere = reading.offices(session, home, code)
        return render_template(
            "desk/comments.html",
            wave=code,
            unit=unit,
            count=count,
            number=number,
            pages=pages,
            units=units,
            nowhere=nowhere,
            said=reading.comments(session, home, code, unit, (number - 1) * reading.PAGE, reading.PAGE),
            remainder=reading.REMAINDER,
        )
