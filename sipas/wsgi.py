"""The application for servers: `app` for any that speaks WSGI, `gathered` for the one that `sipas serve` runs."""

from sipas import create_app
from sipas.files.state_files import only_for_us
from sipas.intake.ways import held
from sipas.results.warming import warm
from sipas.web.installation import of_app
from sipas.web.request_buffering import Gathering

only_for_us()
app = create_app()
warm(app)
gathered = Gathering(app, ending=held(of_app(app).home).flush)
