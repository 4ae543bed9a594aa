"""An empty workbook for what the one-stop system and an inspection know of each office."""

from __future__ import annotations

from collections.abc import Sequence

from sipas.i18n import _
from sipas.tables.template import Template, TemplateColumn


def office_template(units: Sequence[str]) -> Template:
    """The workbook, with a row for each office; its columns are those of `read_office_counts`."""

    def count(head: str, meaning: str) -> TemplateColumn:
        return TemplateColumn(head, meaning, spare=True, as_number=True, width=18)

    def points(head: str, meaning: str) -> TemplateColumn:
        return TemplateColumn(head, meaning, spare=True, width=12)

    columns = (
        TemplateColumn("unit", _("The code of the office, with its zeros."), needed=True, width=14),
        count("dossiers", _("Dossiers received in the period (indicator 9).")),
        count("dossiers_online", _("Those of them that were filed online (indicator 9).")),
        count("complaints", _("Complaints and proposals received in the period (indicator 8).")),
        count("complaints_in_time", _("Those of them that were handled in time (indicator 8).")),
        count(
            "behaviour_complaints",
            _("Complaints about the behaviour of officials (indicator 7); 0 if there were none."),
        ),
        count("behaviour_refuted", _("Those of them that were found to be unfounded.")),
        count("behaviour_upheld", _("Those of them that were found to be right.")),
        points("points_2", _("Points of indicator 2, time taken by each agency: from 0 to 2, with one decimal.")),
        points("points_6", _("Points of indicator 6, publication of procedures: from 0 to 2.")),
        points("points_8", _("Points of indicator 8, if they do not follow from the counts above.")),
        points("points_9", _("Points of indicator 9, if they do not follow from the counts above.")),
        points("points_5", _("Points of indicator 5, how the one-stop unit is organised, by inspection: from 0 to 2.")),
        TemplateColumn(
            "source_5", _("Who inspected the office, and when; needed with points_5."), spare=True, width=36
        ),
    )
    about = (
        _("What answers cannot tell about each office, for `sipas onestop points --system`."),
        _("An empty cell means that nobody knows: that indicator stays missing, and the office has no sum."),
    )
    return Template(_("Offices"), about, columns, [(unit, *[""] * (len(columns) - 1)) for unit in units])
