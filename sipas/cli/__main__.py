"""`python -m sipas.cli`, where no `sipas` is on the path."""

from sipas.cli import main

main()
