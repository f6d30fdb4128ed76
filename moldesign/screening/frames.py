"""A screening whose hits are wanted as a table in memory."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pandas as pd

from moldesign.objectives.profile import Profile, require_profile
from moldesign.screening.engine import Notify
from moldesign.screening.engine import screen as screen_to_files
from moldesign.screening.settings import ScreeningSettings


def screen(
    library: str | Path | Sequence[str | Path],
    profile: Profile,
    *,
    top: int | None = None,
    out: str | Path | None = None,
    settings: ScreeningSettings | None = None,
    resume: bool = False,
    on_progress: Notify | None = None,
) -> pd.DataFrame:
    """Rank the molecules of a library by a profile, and return the hits; the library is read in constant memory.

    Args:
        library: files or patterns (CSV, TSV, SMI, SDF, Parquet; text also .gz or .zst; `-` is standard input).
        profile: what the molecules must be.
        top: how many hits at most, best first; by default what the settings say, which is 1,000.
        out: also write what `moldesign.screening.screen` does: the hits, and beside them rejected rows and manifest.
        settings: which hits, and how they are found; not those of a shard, which has no hits of its own.
        resume: go on with an interrupted screening into `out`; where there is none, begin.
        on_progress: is told after each chunk how far it is.

    Returns:
        A row per hit, with the columns that docs/howto/columns.md lists: `rank`, `score`, each goal's value and score,
        uncertainty, domain, scaffold, cluster, and every column of the library, as text where its files are text.

    Raises:
        TableError: the library cannot be read, or the ending of `out` is unknown.
        ProfileError: `profile` is no profile.
        RunFolderError: `out` cannot be written, or the progress there is another screening's.
        MoldesignError: a goal cannot be scored.
        ValueError: a number of the settings is too small, or they are of a shard.
    """
    require_profile(profile)
    chosen = settings or ScreeningSettings()
    chosen = chosen if top is None else replace(chosen, top=top)
    if chosen.shard.n > 1:
        raise ValueError("a shard has no hits of its own: use moldesign.screening.screen and merge_shards")
    with TemporaryDirectory(prefix="moldesign-screen-") as folder:
        table = Path(folder, "hits.parquet")
        screen_to_files(
            library,
            profile,
            out=out or table,
            settings=chosen,
            resume=resume and out is not None,
            sdf=table if out else None,
            on_progress=on_progress,
        )
        return pd.read_parquet(table)
