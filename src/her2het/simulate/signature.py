"""A signature of cell types for the simulated tumours, from the model's own marker genes; no cell was measured."""

from collections.abc import Mapping

import numpy as np

from her2het.schema import Matrix
from her2het.simulate.genes import Genes
from her2het.simulate.streams import Streams

BACKGROUND, SPREAD = 0.02, 0.5
"""Expression of a marker in a type that it does not mark, relative to those that it marks, and its SD (natural log)."""
LEVELS = (2.0, 8.0)
"""log2 counts per million between which a gene is a marker: lower ones say nothing, higher ones outshout the rest."""
CELLS: Mapping[str, tuple[float, str]] = {
    "CD8 T cells": (0.05, "CD8A CD8B GZMK GZMA PRF1 EOMES CD3D CD3E CD3G CD2 CCL5 CXCR3"),
    "CD4 T cells": (0.06, "IL7R LTB CD5 CD6 ITK TRAT1 KLRB1 CCR7 TCF7 CD3D CD3E CD3G CD2"),
    "Regulatory T cells": (0.02, "FOXP3 IL2RA CTLA4 TNFRSF4 TNFRSF9 TNFRSF18"),
    "NK cells": (0.02, "KLRD1 KLRB1 NCR1 NKG7 GZMB TBX21 PRF1"),
    "B cells": (0.04, "MS4A1 CD19 CD79A CD79B BLK PAX5 CD22 BANK1 FCRL5"),
    "Plasma cells": (0.05, "MZB1 JCHAIN DERL3 POU2AF1 PIM2 IGHM IGHG3 IGHG4 IGHA2 IGLC1 IGLC2 IGLC3"),
    "Macrophages": (0.10, "CD68 MRC1 ITGAX LYZ FCER1G ITGAM AIF1 TYROBP FCGR3A"),
    "Dendritic cells": (0.02, "CD1C CLEC9A CLEC10A LAMP3 CCL17 CCL22"),
    "Mast cells": (0.02, "TPSAB1 CPA3 MS4A2 KIT"),
    "Fibroblasts": (0.20, "FAP PDGFRB COL14A1 COL6A3 THBS2 MXRA5 SFRP4 OLFML2B SULF1 FBLN2 ECM2 TNC"),
    "Endothelial cells": (0.05, "CDH5 EMCN KDR ERG PCDH12 CD93 RAMP3 ITM2A LDB2"),
    "Epithelial cells": (0.37, "EPCAM CDH1 KRT7 KRT10 KRT80 KRT13"),
}
"""Type -> its share of a tumour of average programmes, and its markers, whose programmes move it."""


def draw_signature(streams: Streams, genes: Genes) -> Matrix:
    """Expression of marker genes in pure cells of each type (genes x types, counts per million, linear).

    Chosen such that a tumour with the shares f of `CELLS` shows every marker at its base level b (log2):
    S_gt = w_gt 2^b_g / sum over types of w_gt f_t, with w = 1 in the types that g marks and a small background
    elsewhere. Where a programme raises the markers of a type, that type's share in the mixture rises.
    """
    at = {symbol: i for i, symbol in enumerate(genes.symbol)}
    low, high = LEVELS
    markers = [text.split() for _, text in CELLS.values()]
    names = sorted({g for members in markers for g in members if low <= genes.base[at[g]] <= high})
    marks = np.array([[g in members for members in markers] for g in names])
    share = np.array([f for f, _ in CELLS.values()])
    noise = BACKGROUND * np.exp(SPREAD * streams.of("signature").standard_normal(marks.shape))
    weight = np.where(marks, 1.0, noise)
    level = np.exp2(genes.base[[at[g] for g in names]])
    values = weight * (level / (weight @ share))[:, None]
    return Matrix(np.round(values, 3), tuple(names), tuple(CELLS), "linear")
