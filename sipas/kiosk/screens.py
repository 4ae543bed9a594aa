"""The order of the screens, and how long they take: what the visitor is told before and during the visit."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from wtforms.fields import Field, TextAreaField

from sipas.i18n import _
from sipas.i18n.skip_words import TO_A_VISITOR, conditions_said
from sipas.kiosk.fast_validation import Sent
from sipas.kiosk.forms import Questionnaire, Tiles
from sipas.kiosk.hand_over import Run
from sipas.kiosk.skip_sheet import gates_of, gates_of_run
from sipas.web.assets import assets
from surveys import Instrument

# A calm reader reads 150 words a minute and takes 1.2 s for a touch.
WORDS_PER_SECOND, SECONDS_PER_TOUCH = 2.5, 1.2
SECONDS_PER_SPOKEN_ANSWER = 3.0  # heard, thought over, said, touched


@dataclass(frozen=True)
class Screen:
    """One thing at a time: the fields on it, where Back and Next lead, and how far along it is.

    number, of  as if every question were asked; scripts count anew where skip logic leaves some out
    back, next  the screens to which the ways may lead, nearest first: up to the first that everybody sees
    gates       on which answers it depends, as scripts read it: "gave=yes other=1|2"; empty where on none
    only_if     the same for a reader
    run         the questions answered alone among which it stands, or whose hand-over or giving back it is
    past        on a hand-over: the screens after the run, to which it leads once that is locked
    is_locked   whether the run is locked from the start: the page comes back with answers that were given in it
    """

    id: str
    fields: tuple[Field, ...]
    number: int
    of: int
    back: tuple[str, ...]
    next: tuple[str, ...]
    gates: str = ""
    only_if: str = ""
    run: Run | None = None
    past: tuple[str, ...] = ()
    is_locked: bool = False

    @property
    def hands_over(self) -> bool:
        """Whether it tells the interviewer to hand the screen over."""
        return self.run is not None and self.id == self.run.hand_over

    @property
    def gives_back(self) -> bool:
        """Whether it tells the respondent to give the screen back."""
        return self.run is not None and self.id == self.run.give_back

    @property
    def advances(self) -> bool:
        """Whether one touch answers it, so that a script may go on by itself, and say on the next screen what was
        chosen; never where it is answered alone."""
        return len(self.fields) == 1 and isinstance(self.fields[0], Tiles) and bool(self.next) and self.run is None

    def recorded(self, instrument: Instrument, language: str) -> str | None:
        """The recording that reads this screen aloud, as the name of a static file; None where there is none."""
        code = self.id.removeprefix("q-")
        if code not in instrument.forms["full"] + instrument.forms["short"]:
            return None
        name = f"audio/{dict(instrument.item(code).audio).get(language)}"
        return name if name in assets() else None


def screens(form: Questionnaire | Sent, runs: Sequence[Run] = ()) -> Iterator[Screen]:
    """The service field, one screen for each item, and a last one for what is optional; around each of the `runs` that
    are answered alone one for handing the screen over and one for giving it back."""
    instrument = form.instrument
    about = [form[f"q-{question.code}"] for question in instrument.profile]
    about += [form["q-comment"]] if instrument.comment else []
    first = [form.service] if form.asks_service else []
    stops: list[tuple[str, tuple[Field, ...]]]
    stops = [(f"q-{field.name}", (field,)) for field in (*first, *(form[f"q-{code}"] for code in form.asked))]
    stops += [("q-about", tuple(about))]
    gates = {f"q-{code}": gates_of(instrument, code) for code in form.asked}
    for run in runs:
        before = [name for name, _fields in stops].index(run.sections[0])
        stops.insert(before, (run.hand_over, ()))
        stops.insert(before + 1 + len(run.items), (run.give_back, ()))
        gates |= dict.fromkeys((run.hand_over, run.give_back), gates_of_run(instrument, run))
    ids = [name for name, _fields in stops]
    run_of = {name: run for run in runs for name in (run.hand_over, *run.sections, run.give_back)}
    locked = {run for run in runs if any(form[name].data for name in run.sections)}
    for number, (name, fields) in enumerate(stops, 1):
        conditions, part_of = gates.get(name, ()), run_of.get(name)
        past = ids[ids.index(part_of.give_back) + 1 :] if part_of and name == part_of.hand_over else []
        yield Screen(
            name,
            fields,
            number,
            len(stops),
            back=tuple(_up_to_everybodys(_behind(ids[: number - 1], name, run_of), gates)),
            next=tuple(_up_to_everybodys(ids[number:], gates)),
            gates=" ".join(f"{one.item}={'|'.join(one.answers)}" for one in conditions),
            only_if=conditions_said(instrument, instrument.item(name.removeprefix("q-")), TO_A_VISITOR)
            if conditions and fields
            else "",
            run=part_of,
            past=tuple(_up_to_everybodys(past, gates)),
            is_locked=part_of in locked,
        )


def _behind(ids: Sequence[str], name: str, run_of: Mapping[str, Run]) -> Iterator[str]:
    """The screens before one, nearest first; into a run that is answered alone leads no way back from outside it."""
    own = run_of.get(name)
    is_inside = own is not None and name in own.sections
    for one in reversed(ids):
        run = run_of.get(one)
        if run is None or one == run.hand_over or (is_inside and run is own):
            yield one


def _up_to_everybodys(ids: Iterable[str], gates: Mapping[str, Sequence[object]]) -> Iterator[str]:
    """Screens in their order, to the first that does not depend on any answer."""
    for name in ids:
        yield name
        if not gates.get(name):
            return


def seconds(form: Questionnaire | Sent, chosen: bool = False, aloud: bool = False) -> float:
    """How long the form takes a calm person who reads all of it, the names of the services included.

    A text that comes again (the levels of a scale) is read once, the everyday words below a name are not: they are for
    whoever seeks. Each item is touched once, so are the questions about the person, the start, the service field (if it
    was not `chosen` before) and the sending. No comment is written, and no question asked that only some are asked.
    Read `aloud` by an interviewer, levels are said with each question anew, and an answer takes its time.
    """
    only_some = {item.code for item in form.instrument.items if item.asked_if}
    read, touches = [_("Last step. Everything here is optional.")], 2
    for field in (field for screen in screens(form) for field in screen.fields):
        if (field is form.service and chosen) or field.name in only_some:
            continue
        read += [field.label.text, field.description, *(choice.label for choice in getattr(field, "choices", ()))]
        touches += not isinstance(field, TextAreaField)
    texts = list(map(str, read))
    words = sum(
        any(map(str.isalnum, word)) for text in (texts if aloud else dict.fromkeys(texts)) for word in text.split()
    )
    return words / WORDS_PER_SECOND + touches * (SECONDS_PER_SPOKEN_ANSWER if aloud else SECONDS_PER_TOUCH)
