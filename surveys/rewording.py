"""A new version of an instrument in which only words differ: the plain tree of the old one, with others put in.

Everything else is carried over; `reworded` reads its own result and refuses to give back anything but the same
questionnaire in other words.
"""

import copy
import datetime as dt
import io
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from surveys.errors import BadInstrument
from surveys.instrument import Instrument, Item
from surveys.load import read_bytes
from surveys.source import parse
from surveys.tree import all_items, coded, mapping
from surveys.wording import translated


@dataclass(frozen=True)
class NewWords:
    """What is put in: words by address (without the code of the instrument), which of them are decreed, and by whom.

    words    address -> sentence, of what changes
    decreed  codes of the items whose sentence is an official one from now on
    places   address -> where the sentence stands in the official text
    english  address -> its English
    """

    words: Mapping[str, str]
    decreed: frozenset[str]
    places: Mapping[str, str]
    english: Mapping[str, str]
    by: str
    basis: str
    on: dt.date


def reworded(code: str, content: bytes, version: int, new: NewWords, remark: str = "") -> tuple[str, bytes]:
    """The name and content of the file of version `version`, made of the file `content`; `remark` stands at its head.

    Raises BadInstrument where the words make no instrument, KeyError for an address that there is not.
    """
    source = parse(f"{code}.yaml", content)
    if source.complaints:
        raise BadInstrument(source.file, source.complaints)
    tree = copy.deepcopy(source.tree)
    before = tree["version"]
    _put_in(tree, new.words)
    for _path, item in all_items(tree):
        if item["code"] in new.decreed:
            item |= {"wording": "decreed", "provenance": "official"}
        if {address.partition("/")[0] for address in new.words} & {item["code"], item.get("scale")}:
            item.pop("audio", None)  # it speaks the words that were
    english = mapping(mapping(tree.get("other_words")).get("en"))
    english = {address: said for address, said in english.items() if address not in new.words} | dict(new.english)
    tree["version"] = version
    tree["made"] = {
        "of": before,
        "by": new.by,
        "basis": new.basis,
        "on": new.on,
        "places": mapping(mapping(tree.get("made")).get("places")) | dict(new.places),
    }
    if english:
        tree["other_words"] = {"en": english}
    name = f"{code}.v{version}.yaml"
    written = _dumped(tree, remark)
    old, made = read_bytes(f"{code}.v{before}.yaml", content), read_bytes(name, written)
    if without_words(old) != without_words(made):
        raise AssertionError(f"{name} would differ from version {before} in more than its words")
    return name, written


def without_words(instrument: Instrument) -> Instrument:
    """What two versions have in common that differ in words alone: codes, order, scales, forms, conditions."""

    def bare(item: Item) -> Item:
        return replace(item, wording="", provenance="", audio=())

    said = translated(instrument, lambda address, _wording: address)
    return replace(
        said,
        version=0,
        opening=tuple(map(bare, said.opening)),
        closing=tuple(map(bare, said.closing)),
        aspects=tuple(
            replace(aspect, factors=tuple(replace(one, items=tuple(map(bare, one.items))) for one in aspect.factors))
            for aspect in said.aspects
        ),
        other_words=(),
        made=None,
        digest="",
    )


def _put_in(tree: dict[str, Any], words: Mapping[str, str]) -> None:
    nodes = {node["code"]: node for _path, node in coded(tree) if node.get("code")}
    comment = mapping(tree.get("comment"))
    nodes[comment.get("code", "comment")] = comment  # `coded` gives a copy of it
    for address, text in words.items():
        first, _, second = address.partition("/")
        scale = tree["scales"].get(first)
        if not second and first in ("title", "population"):
            tree[first] = text
        elif scale is not None and second.isdecimal():
            scale["levels"][int(second) - 1] = text
        elif scale is not None:
            scale[second] = text
        elif not second:
            nodes[first]["text"] = text
        elif second == "hint":
            nodes[first]["hint"] = text
        else:
            nodes[first]["options"][second] = text


def _dumped(tree: dict[str, Any], remark: str) -> bytes:
    from ruamel.yaml import YAML

    yaml = YAML(typ="safe", pure=True)
    yaml.default_flow_style = False
    yaml.allow_unicode = True
    yaml.sort_base_mapping_type_on_output = False  # type: ignore[assignment]  # keys keep the order of the file
    yaml.representer.ignore_aliases = lambda _data: True
    yaml.width = 4096
    text = io.StringIO()
    yaml.dump(tree, text)
    head = "".join(f"# {line}\n" for line in remark.splitlines())
    return (head + text.getvalue()).encode()
