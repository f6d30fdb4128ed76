"""A Cholesky factor that grows: rows are appended to L without touching those there are."""

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cholesky, solve_triangular

_BLOCK = 512


class GrowingCholesky:
    """The lower triangular L with L L' = A, while A gets more rows and columns.

    L is kept as strips of 512 rows, each as wide as the diagonal needs: half the memory of a square, and growing moves
    nothing. With n rows, appending b takes n^2 b operations, a solve with m right sides n^2 m; for n = 10,000, L has
    420 MB (float64).
    """

    def __init__(self) -> None:
        self._strips: list[NDArray[np.float64]] = []
        self._n = 0

    def __len__(self) -> int:
        return self._n

    def append(self, cross: NDArray[np.float64], corner: NDArray[np.float64]) -> None:
        """Let A grow to [[A, cross], [cross', corner]].

        Args:
            cross: float64 [n, b].
            corner: float64 [b, b], symmetric.

        Raises:
            numpy.linalg.LinAlgError: the larger A is not positive definite; L stays as it is.
        """
        left = self.solve_lower(cross).T
        right = cholesky(corner - left @ left.T, lower=True, check_finite=False)
        for row in range(len(right)):
            self._append_row(left[row], right[row, : row + 1])

    def solve_lower(self, right_side: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return L^-1 B for B of shape [n] or [n, m]."""
        solution = np.array(right_side, dtype=np.float64)
        for start, end, strip in self._filled_strips():
            rest = solution[start:end] - strip[:, :start] @ solution[:start]
            solution[start:end] = solve_triangular(strip[:, start:end], rest, lower=True, check_finite=False)
        return solution

    def solve_upper(self, right_side: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return L'^-1 B for B of shape [n] or [n, m]."""
        solution = np.array(right_side, dtype=np.float64)
        for start, end, strip in reversed(self._filled_strips()):
            corner = strip[:, start:end]
            part = solve_triangular(corner, solution[start:end], lower=True, trans="T", check_finite=False)
            solution[start:end] = part
            solution[:start] -= strip[:, :start].T @ part
        return solution

    def to_dense(self) -> NDArray[np.float64]:
        """Return L, float64 [n, n]."""
        dense = np.zeros((self._n, self._n))
        for start, end, strip in self._filled_strips():
            dense[start:end, :end] = strip
        return dense

    def _filled_strips(self) -> list[tuple[int, int, NDArray[np.float64]]]:
        """Return (first row, row behind the last, the rows up to the diagonal) of each strip."""
        filled = []
        for number, strip in enumerate(self._strips):
            start = number * _BLOCK
            end = min(start + _BLOCK, self._n)
            filled.append((start, end, strip[: end - start, :end]))
        return filled

    def _append_row(self, left: NDArray[np.float64], right: NDArray[np.float64]) -> None:
        if self._n % _BLOCK == 0:
            self._strips.append(np.zeros((_BLOCK, self._n + _BLOCK)))
        row = self._strips[-1][self._n % _BLOCK]
        row[: len(left)] = left
        row[len(left) : len(left) + len(right)] = right
        self._n += 1
