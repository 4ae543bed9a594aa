"""Corrections of the registry: what may still be changed once people have answered, and what it is changed by.

Stands above registry, fieldwork, intake and publishing, for only together they know what a row is used by.
"""

from sipas.corrections.changing import Changes, correcting
from sipas.corrections.closing import close, rename
from sipas.corrections.removing import clear, remove_owned, remove_rule

__all__ = ["Changes", "clear", "close", "correcting", "remove_owned", "remove_rule", "rename"]
