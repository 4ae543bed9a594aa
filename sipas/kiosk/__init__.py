"""The kiosk: what a visitor sees, on a screen in an office or on a phone. No session, nothing kept between pages.

The questionnaire is one document; its items are shown one at a time by CSS `:target`, and one post sends them all.
"""

from sipas.kiosk import device_api, retry_page, views  # noqa: F401 - their routes
from sipas.kiosk.blueprint import kiosk

retry_page.install(kiosk)

__all__ = ["kiosk"]
