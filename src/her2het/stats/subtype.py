"""Calls of nearest-centroid subtypes under several choices of centring, and how stable each sample's call is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from her2het.kernels.pam50 import FEWEST_GENES, nearest_centroid, scale_genes, share_below_centre
from her2het.schema import Matrix, StudyError
from her2het.stats.gene_sets import need_log

Centring = Literal["none", "scale", "robust", "median", "reference", "subgroup"]
SPREAD = 1.2  # sd of a gene within a subtype, log2; subgroup calls hardly depend on it (docs/expression_scores.md)


@dataclass(frozen=True, eq=False)
class Classifier:
    """Centroids (genes x classes) with the names of genes and classes.

    `aliases`: former symbol -> symbol; `entrez`: Entrez identifier -> symbol; `enough`: genes below which a matrix
    is reported to lack too many.
    """

    name: str
    genes: tuple[str, ...]
    classes: tuple[str, ...]
    centroids: NDArray[np.float64]
    aliases: Mapping[str, str]
    entrez: Mapping[str, str]
    enough: int

    def without(self, leave_out: Sequence[str]) -> "Classifier":
        """The same classifier without some of its genes."""
        keep = [i for i, gene in enumerate(self.genes) if gene not in set(leave_out)]
        genes = tuple(self.genes[i] for i in keep)
        return Classifier(self.name, genes, self.classes, self.centroids[keep], self.aliases, self.entrez, self.enough)


@dataclass(frozen=True, eq=False)
class SubtypeCalls:
    """One call per sample. `subtype` is missing where a sample has fewer than 4 genes or does not vary.

    `probabilities` (positive correlations divided by their sum) and `correlations` are samples x classes.
    """

    subtype: pd.Series
    probabilities: pd.DataFrame
    correlations: pd.DataFrame
    centring: Centring
    left_out: tuple[str, ...]
    genes: tuple[str, ...]
    absent: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Choices:
    """What the centring may use besides the matrix.

    `reference`: an ER-balanced cohort of the same platform and processing. `percentiles`: per gene, where the centre
    of a balanced cohort lies within a cohort like this one, 0 to 1 (`expected_percentiles`, `subgroup_percentiles`).
    """

    reference: Matrix | None = None
    percentiles: pd.Series | None = None


def match_genes(matrix: Matrix, classifier: Classifier) -> Matrix:
    """The classifier's genes that the matrix has, by symbol, former symbol or Entrez identifier, in its order.

    :raises StudyError: where fewer than 4 genes are there, or a gene stands under two names
    """
    renamed = {**classifier.entrez, **classifier.aliases}
    row_of: dict[str, int] = {}
    wanted = set(classifier.genes)
    for i, row in enumerate(matrix.rows):
        gene = renamed.get(row, row)
        if gene not in wanted:
            continue
        if gene in row_of:
            raise StudyError(
                f"{classifier.name}: gene {gene} stands in two rows, {matrix.rows[row_of[gene]]!r} and {row!r}. "
                "Remove one."
            )
        row_of[gene] = i
    found = tuple(gene for gene in classifier.genes if gene in row_of)
    if len(found) < FEWEST_GENES:
        raise StudyError(
            f"{classifier.name}: {len(found)} of its {len(classifier.genes)} genes are among the {len(matrix.rows):,} "
            f"rows (such as {matrix.rows[0] if matrix.rows else ''!r}); at least {FEWEST_GENES} are needed. "
            "Name rows by symbol or Entrez identifier."
        )
    values = np.asarray(matrix.values, dtype=np.float64)[[row_of[gene] for gene in found]]
    return Matrix(values, found, matrix.columns, matrix.unit)


def call_subtypes(
    matrix: Matrix,
    classifier: Classifier,
    centring: Centring,
    choices: Choices | None = None,
    *,
    leave_out: Sequence[str] = (),
) -> SubtypeCalls:
    """Call each sample's subtype by Spearman correlation to the centroids, after centring genes as `centring` says.

    none, scale, robust, median: on the cohort itself (`kernels.pam50.scale_genes`). reference: minus the median of
    each gene in `choices.reference`. subgroup: minus the cohort's quantile at `choices.percentiles`, the place where
    a balanced cohort's centre lies in a cohort of this composition (Zhao et al. 2015, doi:10.1186/s13058-015-0520-4).

    `matrix`: genes x samples, log2; missing values are passed over sample by sample. Centring on the cohort itself
    does not apply to a cohort of mostly one subtype: HER2-positive-only cohorts get false Basal calls.
    :raises StudyError: for counts, too few genes, one sample or constant genes where the cohort sets the scale, a
        reference or percentiles that are needed and not given
    """
    who = f"{classifier.name} ({centring})"
    need_log(matrix, who, gaps=True)
    used = classifier.without(leave_out)
    found = match_genes(matrix, used)
    centred, genes = _centre(found, used, centring, choices or Choices(), who)
    rows = [used.genes.index(gene) for gene in genes]
    result = nearest_centroid(centred, used.centroids[rows])
    samples, classes = pd.Index(matrix.columns, name="sample"), pd.Index(used.classes)
    names = np.array([*used.classes, None], dtype=object)[result.nearest]  # -1 takes the last: no call
    return SubtypeCalls(
        pd.Series(names, index=samples, name="subtype", dtype="string"),
        pd.DataFrame(result.probabilities, index=samples, columns=classes),
        pd.DataFrame(result.correlations, index=samples, columns=classes),
        centring,
        tuple(leave_out),
        genes,
        tuple(gene for gene in used.genes if gene not in set(genes)),
    )


def call_under(
    matrix: Matrix,
    classifier: Classifier,
    choices: Choices,
    centrings: Sequence[Centring],
    leave_outs: Sequence[Sequence[str]],
) -> pd.DataFrame:
    """Call every sample under each centring with each set of genes left out: samples x choices.

    Columns are named as "robust" or "robust without ERBB2, GRB7". Centrings that one sample does not allow are left
    out for one sample.
    """
    single = len(matrix.columns) < 2
    calls: dict[str, pd.Series] = {}
    for leave_out in leave_outs:
        without = f" without {', '.join(leave_out)}" if leave_out else ""
        for centring in centrings:
            if single and centring in ("scale", "robust", "median", "subgroup"):
                continue
            made = call_subtypes(matrix, classifier, centring, choices, leave_out=leave_out)
            calls[f"{centring}{without}"] = made.subtype
    return pd.DataFrame(calls, index=pd.Index(matrix.columns, name="sample"))


def stability(subtype: pd.Series, calls: pd.DataFrame) -> pd.Series:
    """The share of choices (columns of `calls`) that give a sample the same subtype as `subtype`; missing if none."""
    agree = calls.eq(subtype, axis=0).astype("float64").mean(axis=1)
    return agree.where(subtype.notna()).rename("stability")


def expected_percentiles(classifier: Classifier, mix: Mapping[str, float], spread: float = SPREAD) -> pd.Series:
    """Where the centre of a balanced cohort is expected within a cohort of known composition, from the centroids alone.

    See `kernels.pam50.share_below_centre`. `mix`: share of each class (rescaled to sum 1); `spread`: sd of a gene
    within a class, log2. A cohort of one class alone cannot be told from the data: the calls then rest on `mix`.
    :raises StudyError: for a class that does not exist, negative shares, or none above 0
    """
    unknown = [name for name in mix if name not in classifier.classes]
    share = np.array([mix.get(name, 0.0) for name in classifier.classes], dtype=np.float64)
    if unknown or (share < 0).any() or not share.sum() > 0 or not spread > 0:
        raise StudyError(
            f"{classifier.name}: subtype mix {dict(mix)} (spread {spread:g}) is none. "
            f"Give shares of at least 0 for {', '.join(classifier.classes)}, one above 0."
        )
    below = share_below_centre(classifier.centroids, share / share.sum(), spread)
    return pd.Series(below, index=pd.Index(classifier.genes), name="percentile")


def subgroup_percentiles(classifier: Classifier, reference: Matrix, in_subgroup: Sequence[str]) -> pd.Series:
    """Where the centre of a reference cohort lies within one of its subgroups, gene by gene (Zhao et al. 2015).

    p_g is the share of the subgroup's samples below the median of the whole reference (half of those equal to it).
    The reference may be of another platform: only places within it are used. `in_subgroup`: its columns that are like
    the cohort to be called, such as the HER2-positive ones. doi:10.1186/s13058-015-0520-4.
    :raises StudyError: where the subgroup is empty or genes do not match
    """
    if not in_subgroup:
        raise StudyError(f"{classifier.name}: the subgroup of the reference has no sample. Name its samples.")
    whole = match_genes(reference, classifier)
    centre = np.nanmedian(whole.values.astype(np.float64), axis=1, keepdims=True)
    part = np.asarray(whole.pick(tuple(in_subgroup)).values, dtype=np.float64)
    known = (~np.isnan(part)).sum(axis=1)
    share = ((part < centre).sum(axis=1) + (part == centre).sum(axis=1) / 2) / known
    return pd.Series(share, index=pd.Index(whole.rows), name="percentile")


def _centre(
    found: Matrix, classifier: Classifier, centring: Centring, choices: Choices, who: str
) -> tuple[NDArray[np.float64], tuple[str, ...]]:
    """Centred values and the genes that they belong to."""
    if centring == "reference":
        return _on_reference(found, classifier, choices.reference, who)
    if len(found.columns) < 2 and centring != "none":
        raise StudyError(
            f"{who}: 1 sample; this centring compares samples, so at least 2 are needed. "
            "Give the cohort, or a reference cohort to centre on."
        )
    values = np.asarray(found.values, dtype=np.float64)
    if centring == "subgroup":
        return _on_percentiles(found, values, choices.percentiles, who)
    if centring != "none":
        _varies(found, values, centring, who)
    if centring == "median":
        _samples_vary(found, values, who)
    return scale_genes(values, centring), found.rows


def _samples_vary(found: Matrix, values: NDArray[np.float64], who: str) -> None:
    """This centring scales each sample by its own spread."""
    centred = values - np.nanmedian(values, axis=1, keepdims=True)
    known = ~np.isnan(centred)
    spread = np.where(known, centred, -np.inf).max(axis=0) - np.where(known, centred, np.inf).min(axis=0)
    flat = np.flatnonzero((known.sum(axis=0) < 2) | ~(spread > 0))
    if flat.size:
        j = int(flat[0])
        raise StudyError(
            f"{who}: sample {found.columns[j]!r} has {int(known[:, j].sum())} values in {len(found.rows)} genes and no "
            "spread, which this centring scales by. Leave it out, or choose another scaling."
        )


def _on_reference(
    found: Matrix, classifier: Classifier, reference: Matrix | None, who: str
) -> tuple[NDArray[np.float64], tuple[str, ...]]:
    if reference is None:
        raise StudyError(f"{who}: no reference cohort given. Give one of the same platform, balanced by ER status.")
    need_log(reference, f"{who}, reference cohort", gaps=True)
    theirs = match_genes(reference, classifier)
    known = (~np.isnan(np.asarray(theirs.values, dtype=np.float64))).sum(axis=1) > 0
    at = {gene: i for i, gene in enumerate(theirs.rows) if known[i]}
    genes = tuple(gene for gene in found.rows if gene in at)
    if len(genes) < FEWEST_GENES:
        raise StudyError(
            f"{who}: {len(genes)} genes are in both the matrix and the reference cohort; at least {FEWEST_GENES} are "
            "needed. Name the genes of both alike."
        )
    centre = np.nanmedian(np.asarray(theirs.values, dtype=np.float64)[[at[gene] for gene in genes]], axis=1)
    rows = [i for i, gene in enumerate(found.rows) if gene in at]
    return np.asarray(found.values, dtype=np.float64)[rows] - centre[:, None], genes


def _on_percentiles(
    found: Matrix, values: NDArray[np.float64], percentiles: pd.Series | None, who: str
) -> tuple[NDArray[np.float64], tuple[str, ...]]:
    if percentiles is None:
        raise StudyError(f"{who}: no percentiles given. Give those of a subgroup like this cohort.")
    rows = [i for i, gene in enumerate(found.rows) if gene in percentiles.index and not np.isnan(values[i]).all()]
    genes = tuple(found.rows[i] for i in rows)
    place = percentiles.loc[list(genes)].to_numpy(dtype=np.float64)
    centre = np.array([np.nanquantile(values[i], p) for i, p in zip(rows, place, strict=True)])
    return values[rows] - centre[:, None], genes


def _varies(found: Matrix, values: NDArray[np.float64], centring: Centring, who: str) -> None:
    """:raises StudyError: naming the first gene that this scaling would divide by nothing"""
    few = (~np.isnan(values)).sum(axis=1) < 2
    if few.any():
        raise StudyError(
            f"{who}: gene {found.rows[int(np.argmax(few))]} has fewer than 2 values over {values.shape[1]} samples. "
            "Leave the gene out."
        )
    if centring == "median":
        return
    low, high = np.nanquantile(values, (0.025, 0.975) if centring == "robust" else (0, 1), axis=1)
    flat = ~(high > low)
    if flat.any():
        gene = found.rows[int(np.argmax(flat))]
        more = f", and {int(flat.sum()) - 1} more" if flat.sum() > 1 else ""
        raise StudyError(
            f"{who}: gene {gene}{more} does not vary over the {values.shape[1]} samples"
            f"{' between the 2.5th and 97.5th percentile' if centring == 'robust' else ''}, which leaves no scale. "
            "Leave the gene out."
        )
