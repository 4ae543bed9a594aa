"""The public pages of published releases. They read the shelf, and can reach nothing that is not published."""

from sipas.results import files, views  # noqa: F401 - their routes
from sipas.results.blueprint import results

__all__ = ["results"]
