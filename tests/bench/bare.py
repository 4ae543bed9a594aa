"""The least a server can do: a Flask view that inserts one row durably by plain SQL, served as `sipas serve` serves.

Run as `python -m tests.bench.bare PORT FILE`.
"""

from __future__ import annotations

import secrets
import sqlite3
import sys
import threading

from flask import Flask, redirect, request
from granian import Granian
from granian.constants import Interfaces
from granian.log import LogLevels

from sipas.web.request_buffering import Gathering

TABLE = """
create table if not exists response (key blob primary key, wave int, point int, unit int, field int, month int,
  cluster blob, channel int, language int, form int, sex int, age int, answers blob) without rowid
"""
app = Flask(__name__)
gathered = Gathering(app)
own = threading.local()


def connection() -> sqlite3.Connection:
    """One for each thread, as durable as ours."""
    if not hasattr(own, "connection"):
        own.connection = sqlite3.connect(sys.argv[2], timeout=30, isolation_level=None)
        own.connection.execute("pragma synchronous=full")
    return own.connection


@app.post("/")
def take() -> object:
    """Stores what came without a question."""
    packed = bytes(int(value) for name, value in request.form.items() if value.isdecimal() and len(value) == 1)
    row = (secrets.token_bytes(15), 1, 1, 1, 1, 202609, secrets.token_bytes(8), 1, 1, 1, 0, 0, packed)
    connection().execute("insert into response values (?,?,?,?,?,?,?,?,?,?,?,?,?)", row)
    return redirect("/thanks", 303)


@app.get("/health")
def health() -> str:
    """That it is up."""
    return "ok"


def main() -> None:
    with sqlite3.connect(sys.argv[2]) as made:
        made.execute("pragma journal_mode=wal")
        made.execute(TABLE)
    Granian(
        "tests.bench.bare:gathered",
        address="127.0.0.1",
        port=int(sys.argv[1]),
        interface=Interfaces.RSGI,
        workers=2,
        respawn_failed_workers=True,
        log_access=False,
        log_level=LogLevels.error,
    ).serve()


if __name__ == "__main__":
    main()
