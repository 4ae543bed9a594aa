"""The WSGI object that any server takes."""

from sipas import create_app

app = create_app()
