"""`sipas sample`: the next wave: how many answers, from whom, and a draw that anybody can repeat."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import click

from sipas.cli.analyst import common
from sipas.cli.common import example, print_json, print_table
from sipas.cli.number_types import COUNT, NUMBER
from sipas.estimating.reading import domain_words, percentage_points, plain_percent
from sipas.estimating.trial_words import short
from sipas.i18n import _
from sipas.i18n.code_labels import word

METHODS = ("proportional", "neyman", "power")

share = click.option(
    "--share", type=NUMBER, default=0.5, show_default=True, help=_("The share that is expected; 0.5 is the safest.")
)
deff = click.option(
    "--deff", type=NUMBER, default=1.0, show_default=True, help=_("The design effect of the last wave.")
)
level = common.level


@click.group(help=_("The next wave: its size, its division among units, a draw with a recorded seed."))
def sample() -> None:
    """Group of commands."""


@sample.command(
    help=_(
        "How many people to ask so that a share is known to plus or minus --margin; with --frame, in each domain of a "
        "table of dossiers. Answers come in clusters, such as a week at one point: --per-cluster and --icc (as `sipas "
        "quality` prints it) give the design effect, and the number of clusters."
    ),
    epilog=example("sipas sample size --margin 0.03 --share 0.85 --per-cluster 15 --icc 0.05 --response 0.8"),
)
@common.options(
    click.option("--margin", type=NUMBER, required=True, help=_("Half the width of the interval: 0.03 is 3 points.")),
    share,
    click.option(
        "--deff", type=NUMBER, help=_("The design effect of the last wave (default: 1, or from the clusters).")
    ),
    click.option("--per-cluster", type=NUMBER, help=_("Answers in a cluster, such as a week at one point.")),
    click.option("--icc", type=NUMBER, help=_("How alike the answers of a cluster are, from 0 to 1.")),
    click.option(
        "--frame", type=common.FILE, metavar="TABLE", help=_("A table of dossiers: the size for each domain.")
    ),
    click.option("--by", default="unit", show_default=True, help=_("With --frame: the columns that name a domain.")),
    click.option("--count", default="dossiers", show_default=True, help=_("With --frame: the column with the counts.")),
    click.option("--population", type=COUNT, default=float("inf"), help=_("How many there are; few need fewer.")),
    click.option("--response", type=NUMBER, default=1.0, show_default=True, help=_("The share that answers.")),
    level,
    common.sheet,
    common.decimal,
    common.as_json,
    common.out,
)
def size(
    margin: float,
    share: float,
    deff: float | None,
    per_cluster: float | None,
    icc: float | None,
    frame: Path | None,
    by: str,
    count: str,
    population: float,
    response: float,
    level: float,
    sheet: str,
    decimal: str | None,
    as_json: bool,
    out: Path | None,
) -> None:
    from analysis.planning.sample_design import cluster_deff, sample_size

    if (per_cluster is None) != (icc is None) or (icc is not None and deff is not None):
        raise click.UsageError(_("give --per-cluster together with --icc, or --deff, or none of them"))
    if per_cluster is not None and icc is not None:
        deff = cluster_deff(icc, per_cluster)
    wanted = {"p": share, "level": level, "deff": 1.0 if deff is None else deff, "response": response}
    if frame is not None:
        _sizes(frame, by, count, margin, wanted, per_cluster, sheet, decimal or "", as_json, out)
        return
    if out is not None:
        raise click.UsageError(_("--out goes with --frame"))
    n = sample_size(margin, population=population, **wanted)
    if as_json:
        print_json({"n": n, "margin": margin, "share": share, "deff": wanted["deff"], "response": response,
                    "level": level, "clusters": _clusters(n, response, per_cluster)})  # fmt: skip
    else:
        click.echo(
            _(
                "Ask {n} people: a share near {share} is then known to {margin} points with {level} confidence.",
                n=n,
                share=plain_percent(share),
                margin=percentage_points(margin).replace("+", "±"),
                level=plain_percent(level),
            )
        )
        _tell_clusters(n, wanted, per_cluster)


def _sizes(
    frame: Path,
    by: str,
    count: str,
    margin: float,
    wanted: dict[str, float],
    per_cluster: float | None,
    sheet: str,
    decimal: str,
    as_json: bool,
    out: Path | None,
) -> None:
    from sipas.estimating.planning import sizes

    (family,) = common.families((by,))
    rows = sizes(frame, family, count, margin, sheet=sheet, decimal=decimal, **wanted)
    if as_json or out:
        common.tell(rows, as_json, out, lambda: [])
        return
    print_table(
        [", ".join(word("column", one) for one in family), word("column", count), _("interviews")],
        [[domain_words(row["domain"]), row[count], row["interviews"]] for row in rows],
    )
    total = sum(row["interviews"] for row in rows)
    click.echo(
        _("Together {n} people, and each of {domains} domains is known to the margin.", n=total, domains=len(rows))
    )
    _tell_clusters(total, wanted, per_cluster)


def _clusters(n: int, response: float, per_cluster: float | None) -> int | None:
    """In how many clusters so many people answer."""
    return None if per_cluster is None else math.ceil(n * response / per_cluster - 1e-9)


def _tell_clusters(n: int, wanted: dict[str, float], per_cluster: float | None) -> None:
    clusters = _clusters(n, wanted["response"], per_cluster)
    if clusters is not None:
        click.echo(
            _(
                "They answer in {clusters} clusters of {size}; design effect {deff}.",
                clusters=clusters,
                size=short(per_cluster or 0),
                deff=short(wanted["deff"]),
            )
        )


@sample.command(
    help=_("The smallest change between two waves of so many answers that would be found."),
    epilog=example("sipas sample change --share 0.85 --answers 400 --deff 2"),
)
@common.options(
    click.option("--answers", type=click.IntRange(1), required=True, help=_("Answers in the wave that was.")),
    click.option("--next", "later", type=click.IntRange(1), help=_("Answers in the next one (default: as many).")),
    share,
    deff,
    click.option("--power", type=NUMBER, default=0.8, show_default=True, help=_("With which probability it is found.")),
    level,
    common.as_json,
)
def change(
    answers: int, later: int | None, share: float, deff: float, power: float, level: float, as_json: bool
) -> None:
    from analysis.planning.sample_design import detectable_change

    found = float(detectable_change(share, answers, n_next=later, deff=deff, level=level, power=power))
    if as_json:
        print_json({"change": found, "share": share, "answers": answers, "next": later or answers, "deff": deff,
                    "level": level, "power": power})  # fmt: skip
    else:
        click.echo(
            _(
                "A change of {change} points or more is found with {power} probability.",
                change=percentage_points(found).replace("+", "±"),
                power=plain_percent(power),
            )
        )


@sample.command(
    help=_(
        "How many people to draw by chance and ask, beside those who answer by themselves, so that the ratio in which "
        "satisfied people answer more readily is known to plus or minus --margin, or told from 1 where it is --ratio."
    ),
    epilog=example("sipas sample reference --share 0.85 --ratio 1.25 --response 0.4"),
)
@common.options(
    click.option("--margin", type=NUMBER, help=_("How far off the ratio may be: 0.32 is plus or minus 32%.")),
    click.option("--ratio", type=NUMBER, help=_("The ratio that is to be told from 1: 1.25.")),
    share,
    deff,
    click.option("--response", type=NUMBER, default=1.0, show_default=True, help=_("The share that answers.")),
    click.option("--power", type=NUMBER, default=0.8, show_default=True, help=_("With which probability it is found.")),
    level,
    common.as_json,
)
def reference(
    margin: float | None,
    ratio: float | None,
    share: float,
    deff: float,
    response: float,
    power: float,
    level: float,
    as_json: bool,
) -> None:
    from analysis.selection.reference_sample import reference_size

    if (margin is None) == (ratio is None):
        raise click.UsageError(_("give --margin or --ratio, one of the two"))
    n = reference_size(share, margin=margin, ratio=ratio, deff=deff, response=response, level=level, power=power)
    if as_json:
        print_json({"n": n, "margin": margin, "ratio": ratio, "share": share, "deff": deff, "response": response,
                    "level": level, "power": power})  # fmt: skip
    elif margin is not None:
        click.echo(
            _(
                "Draw {n} people by chance: with {level} confidence the ratio is then known to plus or minus {margin}.",
                n=n,
                level=plain_percent(level),
                margin=plain_percent(margin),
            )
        )
    else:
        click.echo(
            _(
                "Draw {n} people by chance: a ratio of {ratio} is then told from 1 with {power} probability.",
                n=n,
                ratio=short(ratio or 0),
                power=plain_percent(power),
            )
        )
    if not as_json and response < 1:
        click.echo(_("Whoever of them stays silent is missed here too: ask again, and publish the response rate."))


@sample.command(
    help=_(
        "Divides the interviews of --total among the units of FRAME, a table with their dossiers: in proportion, after "
        "Neyman (best for the province) or by a power of their size (between the province and equal sizes)."
    ),
    epilog=example("sipas sample allocate dossiers.csv --total 6000 --method power --minimum 40"),
)
@common.options(
    click.argument("frame", type=common.FILE),
    click.option("--total", type=click.IntRange(1), required=True, help=_("All interviews together.")),
    click.option("--by", default="unit", show_default=True, help=_("The columns that name a unit.")),
    click.option("--count", default="dossiers", show_default=True, help=_("The column with the counts.")),
    click.option(
        "--method",
        type=click.Choice(METHODS),
        default="proportional",
        show_default=True,
        help=_("How the interviews are divided."),
    ),
    click.option("--spread", help=_("With neyman: a column with each unit's standard deviation.")),
    click.option("--power", type=NUMBER, default=0.5, show_default=True, help=_("With power: the exponent.")),
    click.option("--minimum", type=click.IntRange(0), default=0, show_default=True, help=_("The fewest for a unit.")),
    common.sheet,
    common.decimal,
    common.as_json,
    common.out,
)
def allocate(
    frame: Path,
    total: int,
    by: str,
    count: str,
    method: Any,
    spread: str | None,
    power: float,
    minimum: int,
    sheet: str,
    decimal: str | None,
    as_json: bool,
    out: Path | None,
) -> None:
    from sipas.estimating.planning import allocation

    if method == "neyman" and spread is None:
        raise click.UsageError(_("neyman needs --spread, a column with each unit's standard deviation"))
    (family,) = common.families((by,))
    rows = allocation(
        frame, family, count, total, method, spread, power=power, minimum=minimum, sheet=sheet, decimal=decimal or ""
    )
    if as_json or out:
        common.tell(rows, as_json, out, lambda: [])
        return
    print_table(
        [", ".join(word("column", one) for one in family), word("column", count), _("interviews")],
        [[domain_words(row["domain"]), row[count], row["interviews"]] for row in rows],
    )


@sample.command(
    help=_(
        "Draws N lines of LIST systematically from a random start; with --size, larger ones more often. Sort the list "
        "first: the draw then spreads over it. The seed is printed, and the same seed draws the same lines."
    ),
    epilog=example("sipas sample draw villages.csv -n 40 --seed 2026 --size people --out drawn.csv"),
)
@common.options(
    click.argument("list_", metavar="LIST", type=common.FILE),
    click.option("-n", type=click.IntRange(1), required=True, help=_("How many lines to draw.")),
    click.option("--seed", type=click.IntRange(0), help=_("The seed (default: a new one, which is printed).")),
    click.option("--size", metavar=_("COLUMN"), help=_("Draw with probability in proportion to this column.")),
    common.sheet,
    common.decimal,
    common.as_json,
    common.out,
)
def draw(
    list_: Path,
    n: int,
    seed: int | None,
    size: str | None,
    sheet: str,
    decimal: str | None,
    as_json: bool,
    out: Path | None,
) -> None:
    from sipas.estimating.planning import drawn

    rows, about = drawn(list_, n, seed, size, sheet=sheet, decimal=decimal or "")
    click.echo(
        _(
            "Drew {n} of {listed} with seed {seed}: start {start}, step {step}.",
            n=n,
            listed=about["listed"],
            seed=about["seed"],
            start=f"{about['start']:.6g}",
            step=f"{about['step']:.6g}",
        ),
        err=True,
    )
    if as_json or out:
        common.tell([row | {"seed": about["seed"]} for row in rows], as_json, out, lambda: [])
        return
    print_table(list(rows[0]), [list(row.values()) for row in rows])
