"""The plain tree of an instrument file, walked with the path of every part; what has another shape is stepped over."""

from typing import Any

from surveys.instrument import FORMS
from surveys.source import Path

Node = tuple[Path, dict[str, Any]]


def mapping(node: Any) -> dict[Any, Any]:
    return node if isinstance(node, dict) else {}


def maps(node: Any, path: Path) -> list[Node]:
    return [((*path, i), one) for i, one in enumerate(node) if isinstance(one, dict)] if isinstance(node, list) else []


def factors(tree: dict[str, Any]) -> list[Node]:
    aspects = maps(tree.get("aspects"), ("aspects",))
    return [node for path, aspect in aspects for node in maps(aspect.get("factors"), (*path, "factors"))]


def all_items(tree: dict[str, Any]) -> list[Node]:
    inside = [node for path, factor in factors(tree) for node in maps(factor.get("items"), (*path, "items"))]
    return [*maps(tree.get("opening"), ("opening",)), *inside, *maps(tree.get("closing"), ("closing",))]


def coded(tree: dict[str, Any]) -> list[Node]:
    comment = tree.get("comment")
    apart: list[Node] = [(("comment",), {"code": "comment", **comment})] if isinstance(comment, dict) else []
    aspects = maps(tree.get("aspects"), ("aspects",))
    return [*aspects, *factors(tree), *all_items(tree), *maps(tree.get("profile"), ("profile",)), *apart]


def default_forms(tree: dict[str, Any]) -> tuple[str, ...]:
    """The forms of an item that names none: both, until one item names `short`."""
    return ("full",) if any("short" in (item.get("forms") or ()) for _, item in all_items(tree)) else FORMS
