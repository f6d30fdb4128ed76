"""`python -m moldesign` is the command `moldesign`."""

from moldesign.cli.main import run

if __name__ == "__main__":
    run()
