"""The desk: an officer sees how far a wave is, how the kiosks' screens are, and what awaits release. Of writing it does
no more than to issue invitation codes, and to enrol and revoke screens; all else is by command."""

from sipas.desk import comments, languages, printing, screens, signing, views  # noqa: F401 - their routes
from sipas.desk.blueprint import desk

__all__ = ["desk"]
