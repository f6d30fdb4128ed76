"""Parquet in and out, chunk by chunk."""

import gzip
from collections.abc import Iterator
from io import BytesIO
from typing import IO, Any

import pandas as pd
import pyarrow
from pyarrow import parquet

from moldesign.datasets.streams import READ_ERRORS, explain_damage
from moldesign.errors import TableError


def read_parquet(stream: IO[bytes], label: str, chunk_size: int) -> Iterator[pd.DataFrame]:
    """Yield chunks with the types of the file; a gzip'ed file is uncompressed in memory first.

    Raises:
        TableError: the file is no Parquet file, or damaged.
    """
    try:
        seekable = BytesIO(stream.read()) if isinstance(stream, gzip.GzipFile) else stream
        for batch in parquet.ParquetFile(seekable).iter_batches(batch_size=chunk_size):
            yield batch.to_pandas()
    except (pyarrow.ArrowException, *READ_ERRORS) as error:
        raise TableError(explain_damage(label, "as Parquet", error)) from error


class ParquetWriter:
    """Writes frames as Parquet; the first frame fixes the types, a column without values counts as text."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self._writer: Any = None

    def write(self, frame: pd.DataFrame) -> None:
        """Append the rows of `frame`.

        Raises:
            TableError: names the column whose values have another type than those before.
        """
        try:
            if self._writer is None:
                schema = _fix_schema(pyarrow.Schema.from_pandas(frame, preserve_index=False))
                self._writer = parquet.ParquetWriter(self._stream, schema)
            self._writer.write_table(pyarrow.Table.from_pandas(frame, schema=self._writer.schema, preserve_index=False))
        except pyarrow.ArrowException as error:
            raise TableError(f"Parquet needs one type per column: {error}; write CSV instead") from error

    def close(self) -> None:
        """Write the footer."""
        if self._writer is not None:
            self._writer.close()


def _fix_schema(schema: Any) -> Any:
    """Return the schema with text in place of 'no type yet'."""
    fields = [field.with_type(pyarrow.string()) if field.type == pyarrow.null() else field for field in schema]
    return pyarrow.schema(fields)
