"""Every page of the desk. Apart from the package, so that a command may ask for its password without its pages."""

from sipas.desk import comments, deeds, helping, languages, own, people, printing, screens, signing, views  # noqa: F401
from sipas.desk.blueprint import desk

__all__ = ["desk"]
