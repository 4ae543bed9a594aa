"""The desk: an officer sees how far a wave has come and what is ready for release. It only reads; writing is by command."""

from sipas.desk.blueprint import desk

__all__ = ["desk"]
