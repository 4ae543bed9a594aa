"""The desk: officers with accounts and roles see how far a wave is, how the kiosks' screens are, and what awaits
release; approve drafts, issue invitation codes, enrol and revoke screens. Waves are opened and frozen by command."""

from sipas.desk import comments, deeds, helping, languages, own, people, printing, screens, signing, views  # noqa: F401
from sipas.desk.blueprint import desk

__all__ = ["desk"]
