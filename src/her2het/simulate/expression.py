"""From hidden state to read counts: expected log2 expression, degraded libraries, negative binomial reads."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from her2het.kernels.threads import over_chunks
from her2het.simulate.cohort import Specimens
from her2het.simulate.genes import Genes
from her2het.simulate.latent import FACTORS, Latent
from her2het.simulate.streams import Streams
from her2het.simulate.structure import HET, Roles

Floats = NDArray[np.float64]

CHUNK = 500
"""Genes per random stream."""
BETWEEN_BIOPSIES = 0.55
"""Own variation of a gene between biopsies of a tumour, relative to that between patients."""
BATCH_SD = 0.10
LIBRARY = (5e6, 60e6)


@dataclass(frozen=True)
class Libraries:
    """What is drawn for each RNA library (samples with RNA, in order)."""

    sample: NDArray[np.int64]
    size: Floats
    damage: Floats
    """Strength of degradation; 0 in regular libraries."""


def draw_libraries(streams: Streams, found: Specimens) -> Libraries:
    """Draw library sizes and the degradation of the aberrant ones."""
    rng = streams.of("libraries")
    rows = np.flatnonzero(found.rna)
    size = np.clip(np.exp(rng.normal(np.log(22e6), 0.5, len(rows))), *LIBRARY)
    aberrant = found.aberrant[rows]
    damage = np.where(aberrant, rng.uniform(0.96, 1.04, len(rows)), 0.0)
    if aberrant.any():
        damage[np.flatnonzero(aberrant)[-1]] = 1.10  # one library with hardly any coding transcripts
    size[aberrant] = np.clip(size[aberrant], 15e6, 40e6)
    return Libraries(rows, size, damage)


def draw_counts(
    streams: Streams, genes: Genes, roles: Roles, found: Specimens, latent: Latent, libraries: Libraries, scale: float
) -> NDArray[np.int32]:
    """Draw the reads of every gene and library, (genes, libraries).

    log2 mu = base + loadings x factors + centroids x weights + group and time effects + batch, times a gamma variable
    per gene and patient (the tumour's own level, standard deviation `own` in log2); reads are negative binomial around
    size x mu / sum(mu), with the dispersion of a library plus that between biopsies of a tumour.
    """
    rows = libraries.sample
    who = found.patient[rows]
    group = roles.group[who]
    after, het = found.after[rows], group == HET
    factors = np.stack([latent.factor[name][rows] for name in FACTORS])
    contrasts = np.stack([group == 1, group == 2]).astype(float) * scale
    strength = np.where(after, latent.strength[who], 0.0) * scale
    changes = np.stack([np.where(het, 0.0, strength), np.where(het, strength, 0.0)])
    loads = np.hstack([genes.loading, genes.centroid, genes.group, genes.time]).astype(np.float32)
    states = np.vstack([factors, latent.weight[rows].T, contrasts, changes]).astype(np.float32)
    batch = roles.batch[who]
    biopsy = (BETWEEN_BIOPSIES * np.where(after, 1.0, latent.spread[who])) ** 2
    own = (np.log(2) * genes.own[:, None]) ** 2
    shape = (1 / own + 0.5).astype(np.float32)  # of a gamma variable whose logarithm has variance `own`, nearly
    n, width = len(genes.symbol), len(rows)
    mean = np.empty((n, width), np.float32)

    def expect(start: int, stop: int) -> None:
        rng = streams.of("expression", start // CHUNK)
        part = slice(start, stop)
        k = stop - start
        eta = loads[part] @ states
        eta += genes.base[part, None].astype(np.float32)
        eta += BATCH_SD * rng.standard_normal((k, int(roles.batch.max()) + 1), np.float32)[:, batch]
        eta += genes.damage[part, None].astype(np.float32) * libraries.damage.astype(np.float32)
        level = rng.standard_gamma(np.broadcast_to(shape[part], (k, roles.n)), dtype=np.float32) / shape[part]
        np.multiply(np.exp2(eta), level[:, who], out=mean[part])

    over_chunks(expect, n, CHUNK)
    total = np.add.reduce(mean, axis=0, dtype=np.float64)
    per_unit = libraries.size / total
    counts = np.empty((n, width), np.int32)

    def sequence(start: int, stop: int) -> None:
        rng = streams.of("counts", start // CHUNK)
        mu = mean[start:stop] * per_unit
        phi = genes.dispersion[start:stop, None] + own[start:stop] * biopsy
        counts[start:stop] = rng.poisson(rng.standard_gamma(1 / phi) * phi * mu)

    over_chunks(sequence, n, CHUNK)
    return counts
