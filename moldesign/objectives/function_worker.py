"""Scores one molecule after another by a function: `python -m moldesign.objectives.function_worker module:function`."""

import sys

from moldesign.objectives.functions import import_function, read_numbers
from moldesign.objectives.serving import RefusedError, serve


def main(name: str) -> None:
    """Serve the function that `module:function` names."""
    function = import_function(name)

    def score(smiles: str) -> float:
        returned = function([smiles])
        try:
            values, (error,) = read_numbers(returned, 1)
        except ValueError as mismatch:
            raise RefusedError(str(mismatch)) from mismatch
        if error is not None:
            raise RefusedError(error)
        return float(values[0])

    serve(score)


if __name__ == "__main__":
    main(sys.argv[1])
