"""The desk: an officer sees how far a wave is and what awaits release. It only reads; writing is by command."""

from sipas.desk.blueprint import desk

__all__ = ["desk"]
