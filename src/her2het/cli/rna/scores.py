"""What the commands of expression scores share: gene sets, what they lost, controls, tumour sizes."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from her2het.cli.rna.options import SHIPPED, say

if TYPE_CHECKING:
    import pandas as pd

    from her2het.stats.gene_sets import GeneSetScores


def gene_sets(given: str) -> Mapping[str, tuple[str, ...]]:
    """The sets of a GMT file, or the shipped ones of Reactome where their name is given."""
    from her2het.io.gmt import read_gmt
    from her2het.reference.tables import erbb_pi3k_sets

    return erbb_pi3k_sets() if given == SHIPPED else read_gmt(given)


def say_what_is_left_out(result: GeneSetScores, dropped_to: Path | None) -> None:
    """How many sets and genes were left out, on standard error; all of them to `dropped_to` (TSV) where it is given."""
    from her2het.io.write import write_table

    dropped, absent = result.dropped_sets, result.absent_genes
    said = [f"{len(result.scores.rows):,} sets scored"]
    if len(dropped):
        reasons = ", ".join(f"{n:,} {reason}" for reason, n in dropped["reason"].value_counts().items())
        said.append(f"{len(dropped):,} left out ({reasons})")
    if len(absent):
        said.append(f"{absent['gene'].nunique():,} genes of the scored sets are not in the matrix")
    if result.constant_genes:
        said.append(f"{len(result.constant_genes):,} genes left out because they do not vary")
    hint = "" if dropped_to or not (len(dropped) or len(absent)) else " (--dropped FILE lists them)"
    say([f"{'; '.join(said)}{hint}."])
    if dropped_to is not None:
        write_table(lost_table(result), dropped_to)


def lost_table(result: GeneSetScores) -> pd.DataFrame:
    """What was left out: set, gene (empty where the whole set is), genes, found, reason."""
    import pandas as pd

    absent = result.absent_genes.assign(reason="gene not in the matrix")
    constant = pd.DataFrame({"gene": list(result.constant_genes), "reason": "gene does not vary"})
    table = pd.concat([result.dropped_sets, absent, constant], ignore_index=True)
    return table.reindex(columns=["set", "gene", "genes", "found", "reason"]).astype(
        {"genes": "Int64", "found": "Int64"}
    )


def control_samples(path: Path) -> tuple[str, ...]:
    """Sample names from the first column of a file without a heading, one per line."""
    from her2het.io.text_table import decode, read_bytes

    cells = (re.split(r"[\t,;]", line, maxsplit=1)[0] for line in decode(read_bytes(path), path.name).splitlines())
    return tuple(name for cell in cells if (name := cell.strip().strip('"')))


def sizes(path: Path, samples: Sequence[str]) -> pd.Series:
    """Sample -> 1 where the tumour is large (above 2 cm), else 0, from a table of sample and size in cm."""
    import pandas as pd

    from her2het.io.text_table import read_text_table
    from her2het.reference.tables import ROR_LARGE_CM
    from her2het.schema import MISSING, StudyError

    frame = read_text_table(path, unnamed="sample").frame
    if frame.shape[1] < 2:
        raise StudyError(f"{path.name}: one column. Give a table of sample and size in cm, with a heading.")
    sample, text = frame.iloc[:, 0].str.strip(), frame.iloc[:, 1].str.strip()
    known = ~text.str.lower().isin(MISSING)
    size = pd.to_numeric(text.where(known), errors="coerce")
    wrong = (known & ~(size > 0)).to_numpy().nonzero()[0]
    if len(wrong):
        at = int(wrong[0])
        raise StudyError(
            f"{path.name}: line {at + 2}: the size of sample {sample.iloc[at]!r} is {text.iloc[at]!r}, which is no "
            "length. Give centimetres above 0, such as 2.5, or leave the cell empty."
        )
    repeated = sample[sample.duplicated()]
    if len(repeated):
        raise StudyError(f"{path.name}: sample {repeated.iloc[0]!r} has more than one row. Keep one.")
    if not set(sample) & set(samples):
        raise StudyError(
            f"{path.name}: none of its samples (such as {sample.iloc[0]!r}) is in the matrix (such as {samples[0]!r}). "
            "Name them alike."
        )
    return pd.Series((size > ROR_LARGE_CM).astype(float).where(size.notna()).to_numpy(), index=sample.to_list())
