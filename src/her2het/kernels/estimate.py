"""ESTIMATE: stromal and immune signature scores of each sample, and tumour purity on Affymetrix arrays."""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from her2het.kernels.ssgsea import enrichment_sums

ALPHA = 0.25
PURITY_AT_ZERO = 0.6049872018  # radians; fitted on Affymetrix data, doi:10.1038/ncomms3612
PURITY_PER_SCORE = 0.0001467884


def estimate_scores(
    expression: NDArray[Any], members: NDArray[np.integer], starts: NDArray[np.integer]
) -> NDArray[np.float64]:
    """Estimate each signature's score per sample as the summed difference of two running shares along its ranking.

    Genes of a sample are ordered from high to low by average rank r (ties in the order of the rows);
    score = Σ_i [Σ_{hits to i} r^0.25 / Σ_set r^0.25 - misses to i / (p - |set|)] over the positions i = 1..p.

    `expression`: genes x samples, finite, already restricted to the 10,412 common genes (else scores do not compare
    with published ones); set t has the rows members[starts[t]:starts[t + 1]]. Returns sets x samples, from about
    -p/2 to p/2. Only the order within a sample matters: logs and scaling of a sample change nothing but ties.
    Raises ValueError for wrong shapes or missing values. Yoshihara et al. 2013, doi:10.1038/ncomms3612.
    """
    return enrichment_sums(expression, members, starts, alpha=ALPHA, whole_ranks=False)


def tumour_purity(estimate_score: NDArray[Any]) -> NDArray[np.float64]:
    """Estimate the share of tumour cells: cos(0.6049872018 + 0.0001467884 · score), where that is not below 0.

    `estimate_score`: stromal plus immune score of Affymetrix arrays, any shape. NaN where the cosine is negative
    (scores above 6579.6). Fitted on Affymetrix data: it does not apply to Illumina arrays or RNA-seq.
    Yoshihara et al. 2013, doi:10.1038/ncomms3612.
    """
    angle = PURITY_AT_ZERO + PURITY_PER_SCORE * np.asarray(estimate_score, dtype=np.float64)
    purity = np.cos(np.minimum(angle, math.pi))
    return np.where(purity < 0, np.nan, purity)
