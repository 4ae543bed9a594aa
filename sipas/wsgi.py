"""The application for servers: `app` for any that speaks WSGI, `gathered` for the one that `sipas serve` runs."""

from sipas import create_app
from sipas.intake.ways import held
from sipas.serving import Gathering

app = create_app()
gathered = Gathering(app, ending=held(app.config["SETTINGS"].home).flush)
