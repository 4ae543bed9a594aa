"""A small province for the tests: 20 communes, 4 departments, 6 fields, two forms."""

import numpy as np
import pyarrow as pa

from analysis import Cells, Codebook, CodebookItem, Design, tabulate
from analysis.simulation.simulate import Field, Place, Province, Question

COMMUNES = tuple(f"{3600 + 3 * i:05}" for i in range(20))
DEPARTMENTS = tuple(f"dept-{i}" for i in range(4))
FIELDS = (
    Field("certified-copies", 3, 0.2),
    Field("civil-status", 3, 0.1),
    Field("land", 2, -0.35),
    Field("welfare", 1),
    Field("licences", 1),
    Field("building", 1, -0.1),
)
ITEMS = tuple(Question(f"B{f}.{k}", f"B{f}", not_applicable=0.4 if f == 3 else 0.0) for f in (1, 2, 3) for k in (1, 2))
SHORT = tuple(Question(f"B{f}.0", f"B{f}", not_applicable=0.4 if f == 3 else 0.0) for f in (1, 2, 3))
QUESTIONS = (Question("O"), *SHORT, *ITEMS)


def a_province(seed=1, **changes):
    """Communes handle four fields themselves and pass on two; the provincial centre receives for the departments."""
    own, passed_on = FIELDS[:4], FIELDS[4:]
    responsible = {(unit, field.code): unit for unit in COMMUNES for field in own}
    responsible |= {(unit, f.code): d for unit in COMMUNES for f, d in zip(passed_on, DEPARTMENTS, strict=False)}
    responsible |= {("centre", field.code): DEPARTMENTS[i % 4] for i, field in enumerate(FIELDS)}
    places = [Place(f"p-{unit}", unit, form="short" if i % 2 else "full") for i, unit in enumerate(COMMUNES)]
    plan = {
        "places": [*places, Place("centre", "centre", channel="tablet", size=4.0)],
        "fields": FIELDS,
        "responsible": responsible,
        "questions": QUESTIONS,
        "forms": {
            "full": [question.code for question in QUESTIONS if question not in SHORT],
            "short": ["O", *(question.code for question in SHORT)],
        },
        "months": ["2026-01", "2026-02", "2026-03"],
        "lift": dict.fromkeys(DEPARTMENTS, 0.15),
        "dossiers": 200_000,
        "answers": 10_000,
    }
    return Province(**{"seed": seed, **plan, **changes})


def levels(province):
    """The packed answers as an array, one column per question."""
    packed = province.responses["packed"].combine_chunks()
    return np.frombuffer(packed.buffers()[1], np.uint8).reshape(len(packed), -1)


def snapshot_table(province):
    """The answers as `publishing` freezes them: design columns, then one column per item, -1 for not applicable."""
    table = province.responses
    places = np.array([place.unit for place in province.places])[table["place"].to_numpy()]
    labels = [
        f"{place}-{week}" for place, week in zip(table["place"].to_pylist(), table["week"].to_pylist(), strict=True)
    ]
    columns = {"stratum": places, "psu": labels}
    columns |= {name: table[name].cast(pa.string()) for name in ("unit", "field", "month", "sex", "age")}
    for question, level in zip(province.questions, levels(province).T, strict=True):
        value = np.where(level == 254, -1, level).astype(np.int8, casting="unsafe")
        columns[question.code] = pa.array(value, mask=(level == 0) | (level == 255))
    return pa.table(columns)


def cells_of(province, by=("unit", "field")) -> Cells:
    """Tabulated as the platform does it: strata are receiving units, PSUs the weeks in which a place was open."""
    factors = tuple(dict.fromkeys(question.factor for question in province.questions if question.factor))
    codebook = Codebook(
        simulated=True,
        items=tuple(CodebookItem(question.code, factor=question.factor) for question in province.questions),
        factors=tuple((factor, "") for factor in factors),
    )
    weeks = zip(province.open_weeks["place"].to_pylist(), province.open_weeks["week"].to_pylist(), strict=True)
    sampled = tuple((province.places[place].unit, f"{place}-{week}") for place, week in weeks)
    design = Design(strata="stratum", psus="psu", sampled=sampled)
    return tabulate(snapshot_table(province), by=list(by), codebook=codebook, design=design, keep=["month"])
