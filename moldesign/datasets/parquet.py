"""Parquet in and out, chunk by chunk."""

from base64 import b64decode, b64encode
from collections.abc import Iterator, Mapping
from io import BytesIO, FileIO
from typing import IO, Any

import pandas as pd
import pyarrow
from pyarrow import parquet

from moldesign.datasets.columns import refuse_doubled
from moldesign.datasets.packing import READ_ERRORS
from moldesign.datasets.streams import explain_damage
from moldesign.errors import TableError

_NULLABLE = {
    pyarrow.int8(): pd.Int8Dtype(),
    pyarrow.int16(): pd.Int16Dtype(),
    pyarrow.int32(): pd.Int32Dtype(),
    pyarrow.int64(): pd.Int64Dtype(),
    pyarrow.uint8(): pd.UInt8Dtype(),
    pyarrow.uint16(): pd.UInt16Dtype(),
    pyarrow.uint32(): pd.UInt32Dtype(),
    pyarrow.uint64(): pd.UInt64Dtype(),
    pyarrow.bool_(): pd.BooleanDtype(),
}
"""Types of pandas that have room for empty cells, which would turn the others of the column into floats or objects."""

_VAGUE = (pd.StringDtype, pd.CategoricalDtype)

SOURCE_TYPES = "moldesign.parquet_schema"
"""Attribute of frames: what `dump_types` says of the file they are from"""


def read_parquet(stream: IO[bytes], label: str, chunk_size: int) -> Iterator[pd.DataFrame]:
    """Yield chunks with the types of the file; a packed file is uncompressed in memory first.

    Whole numbers stay exact, also beside empty cells; lists are Python's; bytes that are UTF-8 are text. The frames
    know the types of the file, so that their columns, written as Parquet again, have the same ones.

    Raises:
        TableError: the file is no Parquet file, or damaged, or has a column twice.
    """
    try:
        seekable = stream if isinstance(getattr(stream, "raw", None), FileIO) else BytesIO(stream.read())
        file = parquet.ParquetFile(seekable)
        refuse_doubled(file.schema_arrow.names, label)
        source = dump_types({field.name: field.type for field in file.schema_arrow})
        for batch in file.iter_batches(batch_size=chunk_size):
            frame = _to_frame(batch)
            frame.attrs[SOURCE_TYPES] = source
            yield frame
    except READ_ERRORS as error:
        raise TableError(explain_damage(label, "as Parquet", error)) from error


def dump_types(types: Mapping[str, Any]) -> str:
    """Return Arrow types by column as text, because pandas writes attributes as JSON.

    >>> load_types(dump_types({"made": pyarrow.date32()}))
    {'made': DataType(date32[day])}
    """
    return b64encode(pyarrow.schema(list(types.items())).serialize().to_pybytes()).decode()


def load_types(text: str) -> dict[str, Any]:
    """Return what `dump_types` was given; of an empty text, nothing."""
    if not text:
        return {}
    return {field.name: field.type for field in pyarrow.ipc.read_schema(pyarrow.py_buffer(b64decode(text)))}


def decode_binary(column: Any) -> Any:
    """Return a column of bytes as one of text where all of it is UTF-8, any other as it is.

    Some programs write text without saying that it is text.

    >>> decode_binary(pyarrow.array([b"CCO", None])).to_pylist(), decode_binary(pyarrow.array([7])).to_pylist()
    (['CCO', None], [7])
    """
    if not (pyarrow.types.is_binary(column.type) or pyarrow.types.is_large_binary(column.type)):
        return column
    try:
        return column.cast(pyarrow.large_string())
    except pyarrow.ArrowInvalid:
        return column


def _to_frame(batch: Any) -> pd.DataFrame:
    batch = pyarrow.RecordBatch.from_arrays([decode_binary(one) for one in batch.columns], names=batch.schema.names)
    frame: pd.DataFrame = batch.to_pandas(types_mapper=_NULLABLE.get, ignore_metadata=True)
    for place, column in enumerate(batch.columns):
        if pyarrow.types.is_nested(column.type):
            frame.isetitem(place, pd.Series(column.to_pylist(), dtype=object).array)
    return frame


class ParquetWriter:
    """Writes frames as Parquet; the first frame fixes the types, a column without values counts as text.

    Of its cells, though, a column that comes from a Parquet file has that file's type: those further on may need it.
    Its times, dates and decimals may be texts (ISO 8601), as a screening keeps them.
    """

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
                self._writer = parquet.ParquetWriter(self._stream, _choose_schema(frame))
            schema = self._writer.schema
            read = _read_texts(frame, schema)
            self._writer.write_table(pyarrow.Table.from_pandas(read, schema=schema, preserve_index=False))
        except pyarrow.ArrowException as error:
            raise TableError(f"Parquet needs one type per column: {error}; write CSV instead") from error

    def close(self) -> None:
        """Write the footer."""
        if self._writer is not None:
            self._writer.close()


def _choose_schema(frame: pd.DataFrame) -> Any:
    """Return the types of the columns, with text in place of 'no type yet'."""
    source = load_types(frame.attrs.get(SOURCE_TYPES, ""))
    types = {name: kind for name, kind in source.items() if _holds(frame.get(name), kind)}
    guessed = pyarrow.Schema.from_pandas(frame.drop(columns=list(types)), preserve_index=False)
    types |= {field.name: field.type for field in guessed}
    kinds = [(str(name), types[str(name)]) for name in frame.columns]
    return pyarrow.schema([(name, pyarrow.string() if kind == pyarrow.null() else kind) for name, kind in kinds])


def _read_texts(frame: pd.DataFrame, schema: Any) -> pd.DataFrame:
    """Return the frame with the times, dates and decimals that its texts stand for."""
    texts = [field for field in schema if _is_text_of(frame[field.name], field.type)]
    return frame.assign(
        **{field.name: pd.arrays.ArrowExtensionArray(_to_arrow(frame[field.name], field.type)) for field in texts}
    )


def _is_text_of(column: "pd.Series[Any]", kind: Any) -> bool:
    """Return whether the cells are texts where the type asks for times, dates or decimals."""
    can_be_text = (pyarrow.types.is_timestamp, pyarrow.types.is_date, pyarrow.types.is_decimal)
    return any(ask(kind) for ask in can_be_text) and pd.api.types.infer_dtype(column, skipna=True) == "string"


def _to_arrow(column: "pd.Series[Any]", kind: Any) -> Any:
    if _is_text_of(column, kind):
        return pyarrow.Array.from_pandas(column, type=pyarrow.string()).cast(kind)
    return pyarrow.Array.from_pandas(column, type=kind)


def _holds(column: "pd.Series[Any] | None", kind: Any) -> bool:
    """Return whether the column is there, has cells whose type in pandas says little, and they are of the kind."""
    if column is None or (not isinstance(column.dtype, _VAGUE) and column.dtype != object):
        return False
    try:
        _to_arrow(column, kind)
    except pyarrow.ArrowException:
        return False
    return True
