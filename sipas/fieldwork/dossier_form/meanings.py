"""What names and heads of the offices' forms mean, where the registry does not say it: told once, and kept in the home.

The file holds words as they look, whatever their case, heads without accents: `{"fields": {"nuôi con nuôi": "ho-tich"},
...}`. A field that means "-" is none that is asked about, and its rows are left out.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from sipas.errors import N_, SipasError
from sipas.fieldwork.dossier_form.heads import ROLES
from sipas.files.home_paths import HomePaths
from sipas.files.state_files import read_state, write_whole
from sipas.registry.names import Named, Names
from sipas.tables.heads import folded
from sipas.tables.looks import as_read

DAMAGED = N_(
    "The file {file} in SIPAS_HOME, which holds what names in the offices' forms mean, is damaged. Delete it, and say "
    "the names again (`sipas frame form --field`, `--office`, `--head`)."
)
NOTHING = "-"
NO_ROLE = N_("“{role}” is no column of the form; its columns are: {roles}")
NO_CODE = N_("“{code}” is no code of the registry; `sipas registry list {table}` shows them")
NO_PAIR = N_("“{said}” says no meaning; write it as “WORDS=CODE”")
BEFORE_FIELDS = re.compile(r"^linh vuc (ve )?")
BEFORE_UNITS = re.compile(
    r"^((trung tam|bo phan|tt) (phuc vu hanh chinh cong|pvhcc|mot cua|tiep nhan va tra ket qua) )?"
    r"((ubnd|uy ban nhan dan) )?"
)


@dataclass(frozen=True)
class Meanings:
    """Words, as they look, to codes of fields and of units, and to roles of columns."""

    fields: Mapping[str, str] = field(default_factory=dict)
    units: Mapping[str, str] = field(default_factory=dict)
    heads: Mapping[str, str] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.fields or self.units or self.heads)

    def beside(self, said: Meanings) -> Meanings:
        """These, and those that were said now, which stand before."""
        return Meanings({**self.fields, **said.fields}, {**self.units, **said.units}, {**self.heads, **said.heads})


def said_meanings(fields: Iterable[str], units: Iterable[str], heads: Iterable[str]) -> Meanings:
    """What a command says, each as `WORDS=MEANING`. Raises SipasError where it says none, or a column that is none."""
    names = [{as_read(words): meaning for words, meaning in map(_pair, said)} for said in (fields, units)]
    found = Meanings(names[0], names[1], {folded(words): meaning for words, meaning in map(_pair, heads)})
    for role in found.heads.values():
        if role not in ROLES:
            raise SipasError(NO_ROLE, role=role, roles=", ".join(ROLES))
    return found


def kept_meanings(home: Path) -> Meanings:
    """What was said before; raises Damaged where the file does not hold it."""
    return read_state(HomePaths(home).form_meanings, _parsed, DAMAGED) or Meanings()


def keep_meanings(home: Path, meanings: Meanings) -> None:
    """Keeps them for the next forms, for the home's owner alone."""
    about = {"fields": meanings.fields, "units": meanings.units, "heads": meanings.heads}
    text = json.dumps(about, ensure_ascii=False, indent=1, sort_keys=True, default=dict)
    write_whole(HomePaths(home).form_meanings, text.encode())


def refuse_unknown_codes(meanings: Meanings, fields: Iterable[Named], units: Iterable[Named]) -> None:
    """Raises SipasError where words mean a code that the registry does not have."""
    known = {"services": {one.code for one in fields} | {NOTHING}, "units": {one.code for one in units}}
    for table, said in (("services", meanings.fields), ("units", meanings.units)):
        for code in said.values():
            if code not in known[table]:
                raise SipasError(NO_CODE, code=code, table=table)


class Registry:
    """Codes of fields and units by what a form says: by somebody's word, by code, or by name."""

    def __init__(self, fields: Iterable[Named], units: Iterable[Named], meanings: Meanings) -> None:
        self._fields = _Known(fields, meanings.fields, BEFORE_FIELDS)
        self._units = _Known(units, meanings.units, BEFORE_UNITS)

    def field(self, said: str) -> str:
        """The field's code, "-" where it is none that is asked about, "" where nobody knows."""
        return self._fields.code(said)

    def unit(self, said: str) -> str:
        """The unit's code, "" where nobody knows."""
        return self._units.code(said)


class _Known:
    """Codes by names as they look, accents included: "Mường Bú" is never taken for "Mường Bù"."""

    def __init__(self, rows: Iterable[Named], said: Mapping[str, str], before: re.Pattern[str]) -> None:
        rows = list(rows)
        self._codes, self._names, self._said, self._before = {one.code for one in rows}, Names(rows), said, before

    def code(self, written: str) -> str:
        if (meant := self._said.get(as_read(written))) is not None:
            return meant
        words = [word for word in written.strip(" .:").split() if folded(word)]
        skipped = self._before.match(" ".join(map(folded, words)) + " ")
        rest = words[len(skipped[0].split()) :] if skipped else words
        found = (self._names.code(said) for said in (written, " ".join(words), " ".join(rest)))
        return next((code for code in found if code in self._codes), "")


def _pair(said: str) -> tuple[str, str]:
    words, mark, meaning = said.rpartition("=")
    if not mark or not folded(words) or not meaning.strip():
        raise SipasError(NO_PAIR, said=said)
    return words, meaning.strip()


def _parsed(data: bytes) -> Meanings:
    told = json.loads(data)
    if set(told) != {"fields", "units", "heads"}:
        raise ValueError
    for said in told.values():
        if not all(isinstance(word, str) for pair in said.items() for word in pair):
            raise ValueError
    return Meanings(**told)
