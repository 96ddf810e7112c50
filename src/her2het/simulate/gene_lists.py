"""Real gene symbols by what they do in the simulated tumours, with loadings or typical levels where they matter.

Levels are round numbers of the order that HER2-positive tumours show in public RNA-seq; they are no measurement.
"""

AMPLICON = {
    **{"ERBB2": 1.0, "GRB7": 1.0, "MIEN1": 0.9, "PGAP3": 0.9, "STARD3": 0.85, "TCAP": 0.5, "PNMT": 0.6},
    **{"PPP1R1B": 0.6, "IKZF3": 0.35, "ORMDL3": 0.5, "GSDMB": 0.65, "GSDMA": 0.5, "ZPBP2": 0.2, "CDK12": 0.5},
    **{"MED1": 0.45, "FBXL20": 0.35, "PSMD3": 0.4, "MED24": 0.3, "NEUROD2": 0.2, "HOXB3": 0.3, "LASP1": 0.25},
}
"""17q12-21: loading relative to ERBB2."""

BASAL = {
    **{"KRT5": 1.4, "KRT14": 1.5, "KRT17": 1.2, "KRT6B": 1.2, "KRT6A": 1.1, "KRT16": 1.1, "KRT15": 0.9, "KRT23": 0.8},
    **{"SFRP1": 0.7, "FOXC1": 0.7, "CDH3": 0.6, "EGFR": 0.5, "TRIM29": 0.8, "SERPINB5": 0.7, "SOX10": 0.8, "DSC3": 0.8},
    **{"DSG3": 0.8, "GABRP": 0.9, "LAMC2": 0.4, "MIA": 0.6, "ANXA3": 0.3, "CRYAB": 0.5, "NDC80": 0.2, "TP63": 0.6},
}
"""Basal programme: log2 per unit, on top of the PAM50 centroid."""

LUMINAL = {
    **{"ESR1": 2.2, "GATA3": 0.8, "FOXA1": 0.6, "TFF1": 2.0, "TFF3": 1.6, "AGR2": 1.1, "XBP1": 0.7, "CA12": 1.0},
    **{"SLC39A6": 0.8, "ERBB4": 0.9, "ERBB3": 0.2, "BCL2": 0.7, "MAPT": 0.8, "GREB1": 1.1, "PGR": 1.0, "NAT1": 0.8},
    **{"KRT8": 0.2, "KRT18": 0.2, "TBC1D9": 0.9, "ANXA9": 0.6, "SCUBE2": 1.1, "MLPH": 0.5, "DNALI1": 0.7, "CCND1": 0.5},
}
"""Oestrogen response: log2 per unit."""

CHECKPOINTS = (
    *("CD274", "PDCD1", "PDCD1LG2", "CTLA4", "CD80", "CD86", "CD28", "LAG3", "TIGIT", "CD160", "CD226", "PVR"),
    *("NECTIN2", "HAVCR2", "LGALS9", "BTLA", "TNFRSF14", "CD47", "SIRPA", "CD27", "CD70", "CD40", "CD40LG", "ICOS"),
    *("ICOSLG", "TNFRSF9", "TNFSF9", "TNFRSF4", "TNFSF4", "TNFRSF18", "TNFSF18", "CD276", "VTCN1", "IDO1", "CEACAM1"),
)
"""Immune checkpoint receptors and ligands."""
FALL_AFTER = tuple(g for g in CHECKPOINTS if g not in ("TNFRSF14", "CD47", "SIRPA", "CD276", "VTCN1", "NECTIN2"))
"""Checkpoint genes that fall after treatment in all tumours."""

LYMPHOID = (
    *("CD3D", "CD3E", "CD3G", "CD8A", "CD8B", "CD4", "CD2", "CD5", "CD6", "CD7", "GZMA", "GZMB", "GZMK", "PRF1"),
    *("NKG7", "CCL5", "CXCR3", "CXCL9", "CXCL10", "CXCL13", "FOXP3", "IL2RA", "IL7R", "CCR7", "LTB", "SELL", "TCF7"),
    *("KLRD1", "KLRB1", "NCR1", "TBX21", "EOMES", "TOX", "ITK", "LCK", "ZAP70", "TRAT1", "UBASH3A"),
    *("MS4A1", "CD19", "CD79A", "CD79B", "BLK", "FCRL5", "PAX5", "CD22", "BANK1"),
)
MYELOID = (
    *("CD68", "CD163", "CD14", "MRC1", "MSR1", "CSF1R", "FCGR3A", "ITGAM", "ITGAX", "LYZ", "AIF1", "TYROBP", "FCER1G"),
    *("CD1C", "CLEC9A", "CLEC10A", "LAMP3", "CCL17", "CCL22", "S100A8", "S100A9", "FCGR3B", "CSF3R", "CXCR2"),
    *("TPSAB1", "CPA3", "MS4A2", "KIT", "HDC", "NOS2", "IL1B", "TNF"),
)
MHC = (
    *("HLA-A", "HLA-B", "HLA-C", "HLA-E", "HLA-DRA", "HLA-DRB1", "HLA-DQA1", "HLA-DQB1", "HLA-DPA1", "HLA-DPB1"),
    *("CD74", "B2M", "CIITA", "TAP1", "PSMB9"),
)
PLASMA = ("MZB1", "JCHAIN", "TNFRSF17", "DERL3", "POU2AF1", "PIM2", "SDC1", "FKBP11", "PRDM1", "IRF4", "CD38")
"""Genes of plasma cells besides the immunoglobulins."""
MESENCHYMAL = ("FN1", "TNC", "POSTN", "SPARC", "COL1A1", "COL1A2", "COL3A1", "DCN", "LUM", "VIM", "ACTA2", "TAGLN")
IMMUNOGLOBULIN_CONSTANT = (
    *("IGHG1", "IGHG2", "IGHG3", "IGHG4", "IGHA1", "IGHA2", "IGHM", "IGHD", "IGKC", "IGLC1", "IGLC2", "IGLC3"),
)
KERATINS = ("KRT7", "KRT8", "KRT18", "KRT19", "KRT20", "KRT10", "KRT13", "KRT80", "EPCAM", "CDH1", "VIM")
ERBB_GENES = (
    *("ERBB2", "ERBB3", "ERBB4", "EGFR", "MYC", "NRAS", "KRAS", "HRAS", "EIF4EBP1", "PTEN", "PIK3CA", "PIK3CB"),
    *("PIK3R1", "AKT1", "AKT2", "AKT3", "MTOR", "RPS6KB1", "CDKN1B", "CCND1", "JUN", "STAT3", "MAPK1", "MAPK3"),
    *("MAP2K1", "SHC1", "GRB2", "SOS1", "GAB1", "SRC", "CBL", "NRG1", "HBEGF", "AREG", "EREG", "BTC", "TGFA", "YES1"),
    *("ABCC1", "GSK3B", "FOXO1", "BAD", "RAF1", "BRAF", "ELK1", "CAMK2A", "PRKCA", "PAK1", "NCK1", "CRK"),
)
LONG_NONCODING = (
    *("MALAT1", "NEAT1", "XIST", "H19", "MEG3", "GAS5", "SNHG1", "DANCR", "HOTAIR", "MIR22HG", "MIR31HG"),
    *("MIR4435-1HG", "MIR21", "MIR30E", "MIR375", "MIR429", "MIRLET7E", "MT-RNR1", "MT-RNR2"),
)

LEVELS = {
    **{"ERBB2": 11.6, "GRB7": 7.4, "PGAP3": 7.9, "STARD3": 7.8, "MIEN1": 8.0, "TCAP": 2.0, "PNMT": 2.5, "IKZF3": 4.0},
    **{"GSDMB": 4.6, "GSDMA": 0.8, "ORMDL3": 8.0, "ZPBP2": -3.0, "CDK12": 7.1, "MED24": 7.0, "PSMD3": 8.0, "MED1": 6.8},
    **{"FBXL20": 5.4, "PPP1R1B": 5.0, "NEUROD2": -2.0, "HOXB3": 4.2, "LASP1": 7.5, "ESR1": 6.4, "PGR": 3.2},
    **{"KRT5": 3.8, "KRT14": 3.2, "KRT17": 4.3, "KRT6B": 1.2, "KRT6A": 1.0, "KRT16": 1.0, "KRT15": 3.5, "KRT8": 10.1},
    **{"KRT18": 9.5, "KRT19": 10.4, "KRT7": 8.6, "EPCAM": 7.9, "CDH1": 8.2, "SFRP1": 4.0, "FOXC1": 2.8, "GATA3": 8.3},
    **{"FOXA1": 7.8, "TFF1": 4.1, "TFF3": 5.8, "AGR2": 7.9, "XBP1": 9.3, "CA12": 7.2, "SLC39A6": 8.8, "BCL2": 5.4},
    **{"EGFR": 4.4, "ERBB3": 8.5, "ERBB4": 4.4, "MYC": 5.4, "NRAS": 6.0, "EIF4EBP1": 5.2, "PTEN": 6.8, "PIK3CA": 5.2},
    **{"AKT1": 7.5, "CCND1": 8.3, "MKI67": 6.4, "TOP2A": 6.8, "HAVCR2": 4.0, "CD274": 2.0, "PDCD1": 0.6, "CTLA4": 0.8},
    **{"PDCD1LG2": 1.9, "CD80": 0.3, "CD86": 3.5, "CD28": 1.6, "LAG3": 2.0, "TIGIT": 2.1, "CD160": 0.0, "CD226": 1.3},
    **{"PVR": 4.4, "NECTIN2": 6.5, "TNFRSF14": 4.8, "BTLA": 0.0, "CD47": 6.8, "SIRPA": 5.5, "LGALS9": 5.9, "CD27": 1.8},
    **{"CD70": -0.3, "CD40": 3.6, "CD40LG": 0.2, "ICOS": 0.8, "ICOSLG": 0.5, "IDO1": 2.8, "FOXP3": 2.4, "CD8A": 3.1},
    **{"CD8B": 0.9, "CD3D": 2.0, "CD4": 5.7, "MS4A1": 1.0, "CD19": 0.0, "CD79A": 2.0, "MZB1": 3.7, "SDC1": 8.6},
    **{"JCHAIN": 5.9, "TNFRSF17": 0.0, "CD68": 6.5, "CD163": 5.0, "TPSAB1": 2.6, "GZMB": 1.4, "PRF1": 2.0, "NKG7": 2.1},
    **{"IGHG1": 9.0, "IGHG2": 7.0, "IGHG3": 6.5, "IGHG4": 5.0, "IGHM": 6.2, "IGHA1": 7.9, "IGHA2": 5.5, "IGHD": 2.0},
    **{"IGKC": 8.6, "IGLC1": 4.6, "IGLC2": 5.5, "IGLC3": 5.0, "COL1A1": 12.4, "COL1A2": 11.9, "COL3A1": 11.8},
    **{"FN1": 11.8, "TNC": 7.6, "POSTN": 9.5, "SPARC": 11.1, "DCN": 9.0, "LUM": 9.4, "VIM": 9.5, "ACTA2": 8.5},
    **{"TAGLN": 8.8, "ACTB": 12.3, "ACTG1": 11.8, "GAPDH": 11.0, "EEF1A1": 12.0, "EEF2": 11.0, "TPT1": 11.1},
    **{"B2M": 11.2, "FTL": 10.6, "PSAP": 10.7, "RPLP0": 10.2, "RPL3": 10.7, "RPS6": 10.4, "HSPA8": 10.2},
    **{"CD74": 10.8, "HLA-A": 10.0, "HLA-B": 10.6, "HLA-C": 10.0, "HLA-DRA": 9.3, "HSP90AB1": 10.7, "PABPC1": 10.5},
    **{"MT-CO1": 12.9, "MT-CO2": 11.9, "MT-CO3": 12.1, "MT-ND1": 11.4, "MT-ND2": 11.5, "MT-ND3": 10.0, "MT-ND4": 12.7},
    **{"MT-ND5": 10.7, "MT-ND6": 8.5, "MT-CYB": 11.7, "MT-ATP6": 11.2, "MT-RNR1": 9.5, "MT-RNR2": 11.0, "MALAT1": 10.5},
    **{"NEAT1": 9.0, "XIST": 6.5, "H19": 5.0, "MEG3": 5.0, "GAS5": 6.5, "SNHG1": 5.5, "DANCR": 5.5, "MIR22HG": 4.0},
    **{"ALDOA": 10.5, "MYH9": 10.3},
}
"""log2 counts per million in a tumour of average programmes."""
