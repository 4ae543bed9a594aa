"""What the analyst's commands share: their options, how a file is opened, and how a result is told."""

from __future__ import annotations

import json
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sipas.cli.destinations import writes_to
from sipas.cli.number_types import NUMBER
from sipas.cli.readings import explain, readings, telling
from sipas.cli.readings import sheet as sheet
from sipas.i18n import _, say

if TYPE_CHECKING:
    from sipas.errors import SipasError
    from sipas.estimating.boundaries import Boundaries
    from sipas.estimating.periods import Period
    from sipas.estimating.survey import DataSource

SUFFIXES = (".csv", ".xlsx", ".parquet")
LONELY = ("fail", "remove", "centre", "average")
PATIENCE = 2.0
MOST_RATIO = 20.0  # what 1,25 would be taken for, typed with a decimal comma

Command = Callable[..., Any]
FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


class Family(tuple[str, ...]):
    """The columns of a family, and the text that named them: a column's own name may hold commas."""

    text: str

    @classmethod
    def of(cls, text: str) -> Family:
        """The pieces between the commas of a text."""
        family = cls(column.strip() for column in text.split(","))
        family.text = text
        return family


def families(given: tuple[str, ...]) -> list[tuple[str, ...]]:
    """`unit,field` as the columns of a family; refuses empty and doubled ones. See `with_commas`."""
    found: list[tuple[str, ...]] = [Family.of(text) for text in given]
    for family, text in zip(found, given, strict=True):
        if not all(family) or len(set(family)) < len(family):
            raise click.BadParameter(_("“{given}” is no list of columns such as unit or unit,field", given=text))
    return found


def with_commas(by: Sequence[tuple[str, ...]], sources: Sequence[DataSource]) -> list[tuple[str, ...]]:
    """The families, with commas kept where they stand in the name of a column of the file."""
    if not any(len(family) > 1 for family in by):
        return list(by)
    from sipas.tables.read import column_names

    names = {" ".join(name.split()): name for name in column_names(sources[0].path, sources[0].sheet) if "," in name}
    return [_joined(family, names) if names and len(family) > 1 else family for family in by]


def _joined(family: tuple[str, ...], names: Mapping[str, str]) -> tuple[str, ...]:
    """The pieces between commas joined again to the longest names that there are."""
    pieces = family.text.split(",") if isinstance(family, Family) else list(family)
    found = []
    while pieces:
        for count in range(len(pieces), 0, -1):
            said = " ".join(",".join(pieces[:count]).split())
            if said in names or count == 1:
                found.append(names.get(said, said))
                del pieces[:count]
                break
    return tuple(found)


def _level(ctx: click.Context, param: click.Parameter, level: float) -> float:
    if not 0 < level < 1:
        raise click.BadParameter(_("a level lies between 0 and 1, such as 0.95"))
    return level


def checked_out(path: Path | None) -> Path | None:
    """A path that a table can be written to; refuses other endings and folders that do not exist."""
    if path is not None and path.suffix.lower() not in SUFFIXES:
        raise click.BadParameter(_("{file} must end in {suffixes}", file=path.name, suffixes=", ".join(SUFFIXES)))
    if path is not None and not path.absolute().parent.is_dir():
        raise click.BadParameter(_("the folder of {file} does not exist", file=str(path)))
    return path


data = click.argument("data", type=FILE)

design = click.option(
    "--design",
    "design_file",
    type=FILE,
    metavar="DESIGN.yaml",
    help=_("The design of the sample; its keys are in `sipas manual estimate`."),
)

designs = click.option(
    "--design",
    "design_files",
    type=FILE,
    multiple=True,
    metavar="DESIGN.yaml",
    help=_("The design of the samples; once for all files, or once for each in their order, as where totals differ."),
)

frame = click.option(
    "--frame",
    type=FILE,
    metavar="DOSSIERS",
    help=_(
        "Weight a snapshot to dossiers: a table with the columns unit, field, month and dossiers; one of households to "
        "a census: a table with people and any of unit, sex and age."
    ),
)

by = click.option(
    "--by",
    multiple=True,
    callback=lambda ctx, param, given: families(given),
    metavar=_("COLUMN[,COLUMN...]"),
    help=_("A family of domains; repeat it for more families, join columns with a comma to cross them."),
)

of = click.option(
    "--of",
    multiple=True,
    metavar=_("ITEM"),
    help=_("An item, a factor, or overall (the default); repeat it for more."),
)

lonely = click.option(
    "--lonely",
    type=click.Choice(LONELY),
    help=_(
        "What to do with a stratum that has one PSU, whatever the design says (default for a snapshot: centre, as in a "
        "release)."
    ),
)

verify = click.option(
    "--verify",
    is_flag=True,
    help=_("Compute each snapshot's digest anew from its content, and refuse one that was changed."),
)

as_json = click.option(
    "--json",
    "as_json",
    is_flag=True,
    help=_(
        "Print JSON for scripts instead of a table: a list of rows; with --explain, or of several snapshots, an object "
        "with reading, period and rows."
    ),
)

decimal = click.option(
    "--decimal",
    type=click.Choice(("point", "comma")),
    help=_("What stands before decimals in the table, where its numbers do not tell (1.250)."),
)

out = writes_to(
    "--out",
    callback=lambda ctx, param, path: checked_out(path),
    metavar="FILE",
    help=_("Write a file instead, by its suffix: .csv, .xlsx or .parquet."),
)


def _ratios(ctx: click.Context, param: click.Parameter, given: str | None) -> tuple[float, ...]:
    """Response ratios between commas: each more than 1, with a decimal point."""
    try:
        found = tuple(float(text) for text in (given or "").split(",")) if given else ()
    except ValueError:
        found = (0.0,)
    if any(not 1 < ratio <= MOST_RATIO for ratio in found):
        raise click.BadParameter(
            _("“{given}” is no list of ratios above 1 such as 1.25,1.5: a point before decimals", given=given)
        )
    return tuple(dict.fromkeys(found))


def ratios(name: str, default: str | None = None, metavar: str = "RATIO[,RATIO...]") -> Callable[[Command], Command]:
    """The option for response ratios that are tried."""
    return click.option(
        name,
        "ratios",
        callback=_ratios,
        default=default,
        show_default=default is not None,
        metavar=metavar,
        help=_(
            "Try how much self-selection would change: what each figure would be if satisfied people answered so many "
            "times as readily as others, such as 1.25,1.5."
        ),
    )


level = click.option(
    "--level", type=NUMBER, default=0.95, show_default=True, callback=_level, help=_("The level of the interval.")
)

multiplicity = click.option(
    "--multiplicity",
    "adjust",
    type=click.Choice(("holm", "bh")),
    default="holm",
    show_default=True,
    help=_("How p-values allow for the number of comparisons: holm for public claims, bh for lists to look into."),
)

freedom = click.option(
    "--df",
    type=click.Choice(("smaller", "design")),
    default="smaller",
    show_default=True,
    help=_(
        "Degrees of freedom of a difference: the smaller of its two figures' (the variances are those of figures that "
        "are like others), or those of all rows, with the variances as estimated, as in R."
    ),
)

crosswalk = click.option(
    "--crosswalk",
    type=FILE,
    metavar="FILE",
    help=_(
        "What became of old units: a table with the columns old and new, and share where one was divided. Units that "
        "were merged are compared as the sum of their parts."
    ),
)

reading = click.option(
    "--reading",
    type=click.Choice(("panel", "independent")),
    help=_("How waves are read: the same clusters asked again, or new samples; the default is what the design says."),
)


def options(*chosen: Callable[[Command], Command]) -> Callable[[Command], Command]:
    """Several options at once, in the order in which help shows them."""

    def decorate(command: Command) -> Command:
        command = telling(command)
        every: list[Callable[[Command], Command]] = [*chosen, explain]
        for option in reversed(every):
            command = option(command)
        return command

    return decorate


def sources(
    files: Sequence[Path],
    design_files: Sequence[Path],
    frame: Path | None = None,
    lonely: str | None = None,
    engine: str = "local",
    verify: bool = False,
    sheet: str = "",
) -> list[DataSource]:
    """The files with what was said of them; a plain table without a design is a wrong call.

    Says on standard error which snapshots are read; with `verify` their digests are computed anew, and AlteredSnapshot
    is raised for one that was changed.
    """
    from sipas.estimating.survey import DataSource, has_codebook

    sheets = _sheets([*files, *([frame] if frame else [])], sheet)
    for file in files:
        if has_codebook(file):
            _say_snapshot(file, verify)
        elif verify:
            raise click.UsageError(_("{file} has no digest that --verify could check", file=file.name))
    for file in files:
        if not design_files and not has_codebook(file):
            raise click.UsageError(
                _("{file} has no codebook; say with --design DESIGN.yaml how its answers came about", file=file.name)
            )
    if not design_files:
        return [DataSource(file, None, frame, lonely, engine, sheets[frame] if frame else "") for file in files]
    if len(design_files) not in (1, len(files)):
        raise click.UsageError(_("give --design once for all files, or once for each of the {count}", count=len(files)))
    if frame is not None:
        raise click.UsageError(_("a design file names its own totals, under poststratify or rake; leave out --frame"))
    from sipas.estimating.design_file import read_design

    read = [read_design(design) for design in design_files] * (len(files) if len(design_files) == 1 else 1)
    if _was_said("lonely") and any(design.replicates for design in read):
        raise click.UsageError(_("replicate weights have no strata and no single PSUs; leave out --lonely"))
    return [
        DataSource(file, design, None, lonely, engine, sheets[file]) for file, design in zip(files, read, strict=True)
    ]


def _was_said(option: str) -> bool:
    """Whether the person who called the command gave an option of this name."""
    context = click.get_current_context(silent=True)
    return context is not None and context.params.get(option) is not None


def _sheets(files: Sequence[Path], sheet: str) -> dict[Path, str]:
    """The sheet that is asked for, of each file that is a workbook."""
    from sipas.tables.read import WORKBOOKS, kind_of

    if not sheet:
        return dict.fromkeys(files, "")
    found = {file: sheet if kind_of(file) in WORKBOOKS else "" for file in files}
    if not any(found.values()):
        raise click.UsageError(_("--sheet names a sheet of a workbook, and none of the files is one"))
    return found


def boundaries_of(crosswalk: Path | None) -> Boundaries | None:
    """What became of old units, by the table that is named."""
    if crosswalk is None:
        return None
    from sipas.estimating.boundaries import read_boundaries

    return read_boundaries(crosswalk)


def _say_snapshot(file: Path, verify: bool) -> None:
    from analysis import read_snapshot
    from analysis.data.snapshot import verified
    from sipas.tables.account import Reading, note_reading

    snapshot = read_snapshot(file)
    note_reading(Reading(file.name, "Parquet", snapshot.rows))
    if verify:
        verified(snapshot)
        said = _("{file}: snapshot {digest}, verified from its content", file=file.name, digest=snapshot.digest)
    else:
        said = _("{file}: snapshot {digest}, as it says itself", file=file.name, digest=snapshot.digest)
    click.echo(said, err=True)


def warn(notes: Iterable[SipasError], unweighted: bool, sources: Sequence[DataSource] = ()) -> None:
    """What a careful reader should be told, on standard error; of `sources` that are snapshots also how to weigh."""
    readings().say()
    for note in notes:
        click.echo(say(note), err=True)
    snapshots = bool(sources) and not any(source.design for source in sources)
    if unweighted and snapshots and all(_of_households(source) for source in sources):
        click.echo(_("Unweighted: every household that answered counts as much as any other."), err=True)
    elif unweighted and snapshots:
        click.echo(
            _(
                "Unweighted: every answer counts as much as any other, unlike in a release. To weigh them to the "
                "dossiers: `sipas frame save dossiers.csv`, then this command with --frame dossiers.csv"
            ),
            err=True,
        )
    elif unweighted:
        click.echo(_("Unweighted: no weights are named, so every row counts as much as any other."), err=True)


def _of_households(source: DataSource) -> bool:
    from analysis import read_snapshot

    return read_snapshot(source.path).codebook.population == "households"


def say_reading(reading: str) -> None:
    """How the waves were read, on standard error."""
    if reading == "panel":
        click.echo(_("The waves are read as a panel: the same clusters were asked again."), err=True)
    else:
        click.echo(_("The waves are read as independent samples; for the same clusters say --reading panel."), err=True)


def tell(
    rows: Sequence[Mapping[str, Any]],
    as_json: bool,
    out: Path | None,
    lines: Callable[[], Iterable[str]],
    notes: Iterable[SipasError] = (),
    head: Iterable[SipasError] = (),
    period: Period | Sequence[Period] | None = None,
) -> None:
    """The rows as JSON, as a file that carries what was understood, or as `lines` for a person below the `head`."""
    if out is not None:
        from sipas.estimating.writing import flat, write_table

        write_table(flat(rows), out, told_beside(notes, head))
        click.echo(_("{count} rows written to {file}", count=len(rows), file=str(out)), err=True)
    if as_json:
        print_json(rows, period)
    elif out is None:
        for line in (*map(say, head), *lines()):
            click.echo(line)


def told_beside(notes: Iterable[SipasError], head: Iterable[SipasError]) -> list[str]:
    """What a file of results carries for whoever opens it: notes, which levels are satisfied, how files were read."""
    return [*map(say, notes), *map(say, head), *readings().sentences()]


def print_json(records: Iterable[Mapping[str, Any]], period: Period | Sequence[Period] | None = None) -> None:
    """A list with one row a line: easy to read, to compare and to load. With an account of the reading, or of periods
    of several waves (`period`, or a list in `periods`), an object that has the rows under `rows`."""
    rows = (json.dumps(record, ensure_ascii=False, allow_nan=False) for record in records)
    listed = "[\n" + ",\n".join(rows) + "\n]"
    beside: dict[str, Any] = {"reading": readings().records()} if readings().explain else {}
    if isinstance(period, Sequence):
        beside |= {"periods": [each.record() for each in period]} if period else {}
    elif period is not None:
        beside["period"] = period.record()
    if beside:
        told = "".join(f'"{name}": {json.dumps(value, ensure_ascii=False)},\n' for name, value in beside.items())
        listed = f'{{{told}"rows": {listed}}}'
    click.echo(listed)


@contextmanager
def progress() -> Iterator[Callable[[int], None]]:
    """Once the work has taken more than two seconds, tells on standard error how far it is, if a person is watching."""
    rows, done = 0, threading.Event()

    def told(read: int) -> None:
        nonlocal rows
        rows = read

    def tell() -> None:
        begun = time.monotonic()
        pause = PATIENCE
        while not done.wait(pause):
            seconds = time.monotonic() - begun
            said = _("{seconds} s, {rows} rows read", seconds=f"{seconds:.0f}", rows=rows)
            click.echo("\r" + said, err=True, nl=False)
            pause = 0.5
        if pause < PATIENCE:
            click.echo("", err=True)

    watcher = threading.Thread(target=tell, daemon=True)
    if sys.stderr.isatty():
        watcher.start()
    try:
        yield told
    finally:
        done.set()
        if watcher.is_alive():
            watcher.join()
