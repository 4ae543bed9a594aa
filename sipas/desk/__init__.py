"""The desk: an officer sees how far a wave is and what awaits release. It reads; of writing it does no more
than to issue invitation codes, all else is by command."""

from sipas.desk.blueprint import desk

__all__ = ["desk"]
