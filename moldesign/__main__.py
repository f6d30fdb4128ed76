"""`python -m moldesign` is the command `moldesign`."""

from moldesign.cli.main import run

run()
