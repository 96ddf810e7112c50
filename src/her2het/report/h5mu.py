"""study.h5mu: what other programs of the field open, with one modality per assay."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import anndata
import mudata
import numpy as np
import pandas as pd

from her2het import notice
from her2het.results.cohort import GroupAssignment
from her2het.results.expression import Expression
from her2het.results.fish import FishHeterogeneity
from her2het.schema import Matrix
from her2het.study import Study


def write_h5mu(path: Path, study: Study, results: Mapping[type, Any]) -> None:
    """Counts and log expression (rna), FISH measures (fish) and IHC (ihc) by sample, each with patient and group.

    Log expression is in single precision here, as programs of the field hold it; `results/` has all digits.
    """
    anndata.settings.allow_write_nullable_strings = True
    observed = _samples(study, results.get(GroupAssignment))
    parts: dict[str, Any] = {}
    expression: Expression | None = results.get(Expression)
    counts = study.tables.get("rna_counts")
    if isinstance(counts, Matrix):
        log_cpm = expression.log_cpm if expression is not None else None
        kept = counts.pick(log_cpm.columns) if log_cpm is not None else counts
        rna = anndata.AnnData(
            X=np.ascontiguousarray(kept.values.T),
            obs=observed.reindex(list(kept.columns)),
            var=pd.DataFrame(index=pd.Index(list(kept.rows), dtype=object)),
        )
        if log_cpm is not None:
            rna.layers[log_cpm.unit] = np.ascontiguousarray(log_cpm.values.T, dtype=np.float32)
        rna.uns["X"] = "counts"
        parts["rna"] = rna
    fish: FishHeterogeneity | None = results.get(FishHeterogeneity)
    if fish is not None:
        parts["fish"] = _numbers(fish.samples, observed)
    ihc = study.frame("ihc")
    if ihc is not None:
        parts["ihc"] = _numbers(ihc, observed)
    if not parts:
        parts["samples"] = anndata.AnnData(obs=observed)
    with mudata.set_options(pull_on_update=False):
        whole = mudata.MuData(parts)
        whole.uns["her2het"] = {"intended_use": notice.INTENDED_USE, "study": study.design.name}
        whole.write_h5mu(path, compression="lzf")


def _samples(study: Study, groups: GroupAssignment | None) -> pd.DataFrame:
    samples = study.frame("samples")
    if samples is None:
        return pd.DataFrame()
    table = samples[["sample", "patient", "timepoint"]].copy()
    if groups is not None:
        table["group"] = table["patient"].map(groups.patients.set_index("patient")["group"])
    return _plain(table).set_index("sample")


def _plain(frame: pd.DataFrame) -> pd.DataFrame:
    """Types that every reader of the format knows: floats and text."""
    columns: dict[str, Any] = {}
    for name in frame.columns:
        values = frame[name]
        if pd.api.types.is_bool_dtype(values.dtype) or pd.api.types.is_numeric_dtype(values.dtype):
            columns[str(name)] = values.astype("float64").to_numpy()
        else:
            columns[str(name)] = values.astype(object).where(values.notna(), "").astype(str).to_numpy(dtype=object)
    return pd.DataFrame(columns)


def _numbers(frame: pd.DataFrame, observed: pd.DataFrame) -> Any:
    """A modality of the numeric columns of a per-sample frame, the others beside the samples."""
    plain = _plain(frame).set_index("sample")
    numeric = [c for c in plain.columns if plain[c].dtype.kind == "f"]
    rest = [c for c in plain.columns if c not in numeric and c not in observed.columns]
    beside = pd.concat([observed.reindex(plain.index), plain[rest]], axis=1)
    return anndata.AnnData(
        X=plain[numeric].to_numpy(dtype=float), obs=beside, var=pd.DataFrame(index=pd.Index(numeric, dtype=object))
    )
