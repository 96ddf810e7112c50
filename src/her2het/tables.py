"""The tables of a study. One alias per table: its type, its contract, its documentation."""

from typing import Annotated

import pandas as pd

from her2het.schema import Column, Matrix, TableSpec

PATIENTS = TableSpec(
    "patients",
    "One row per patient: clinical variables and response. Further columns are kept and may be used in groups.",
    ("patient",),
    {
        "patient": Column("text", "Study identifier of the patient; no name, no record number.", missing=False),
        "age": Column("number", "Age at baseline.", "years", 18, 120, required=False),
        "er": Column("flag", "Oestrogen receptor positive.", required=False),
        "pr": Column("flag", "Progesterone receptor positive.", required=False),
        "hr": Column("flag", "Hormone receptor positive; made of er and pr where not given.", required=False),
        "het": Column("flag", "HER2 heterogeneity at baseline, where no sample has a call.", required=False),
        "nodes": Column("flag", "Lymph nodes clinically involved at baseline.", required=False),
        "stage": Column("text", "Clinical stage at baseline, as the study writes it.", required=False),
        "pcr": Column("flag", "Pathological complete response (ypT0/is ypN0).", required=False),
        "rcb": Column("number", "Residual cancer burden index.", "", 0, 7, required=False),
        "rcb_class": Column(
            "category",
            "Residual cancer burden class.",
            required=False,
            levels=("0", "I", "II", "III"),
            aliases={"1": "I", "2": "II", "3": "III", "RCB-0": "0", "RCB-I": "I", "RCB-II": "II", "RCB-III": "III"},
        ),
    },
    extra=True,
)

SAMPLES = TableSpec(
    "samples",
    "One row per biopsy or residual tumour: whose it is, when and where it was taken.",
    ("sample",),
    {
        "sample": Column("text", "Identifier of the sample, as in the assays.", missing=False),
        "patient": Column("text", "Whose sample it is.", missing=False),
        "timepoint": Column("text", "When it was taken, in the words of [timepoints].", missing=False),
        "site": Column("text", "Site of the biopsy within the tumour.", required=False),
        "biopsy": Column("text", "Core or block within the site.", required=False),
        "cellularity": Column("number", "Tissue area occupied by invasive tumour cells.", "%", 0, 100, required=False),
        "area_mm2": Column("number", "Tumour area of the section.", "mm2", 0, required=False),
        "batch": Column("text", "Batch in which the sample was processed.", required=False),
        "het": Column("flag", "HER2 heterogeneity as the study called it for this sample.", required=False),
    },
    {"patient": "patients"},
    extra=True,
)

FISH_NUCLEI = TableSpec(
    "fish_nuclei",
    "One row per scored nucleus: its ERBB2 and CEP17 signals.",
    (),
    {
        "sample": Column("text", "The sample in which the nucleus was counted.", missing=False),
        "area": Column("text", "Tumour area (field or region) within the sample.", required=False),
        "nucleus": Column("text", "Number of the nucleus within its area.", required=False),
        "erbb2": Column("integer", "ERBB2 signals.", "signals", 0, 1000, missing=False),
        "cep17": Column("integer", "CEP17 signals.", "signals", 0, 1000, missing=False),
        "x": Column("number", "Position in the section.", "um", required=False),
        "y": Column("number", "Position in the section.", "um", required=False),
        "observer": Column("text", "Who or what counted.", required=False),
    },
    {"sample": "samples"},
)

IHC = TableSpec(
    "ihc",
    "One row per sample: HER2 staining as scored, its patterns, and hormone receptor staining.",
    ("sample",),
    {
        "sample": Column("text", "The stained sample.", missing=False),
        "score": Column(
            "category",
            "HER2 IHC score.",
            required=False,
            levels=("0", "1+", "2+", "3+"),
            aliases={"1": "1+", "2": "2+", "3": "3+", "0.0": "0", "1.0": "1+", "2.0": "2+", "3.0": "3+", "0+": "0"},
        ),
        "ic": Column("number", "Cells with intense complete staining.", "%", 0, 100, required=False),
        "ii": Column("number", "Cells with moderate to intense incomplete staining.", "%", 0, 100, required=False),
        "mc": Column("number", "Cells with weak to moderate complete staining.", "%", 0, 100, required=False),
        "wi": Column("number", "Cells with weak incomplete staining.", "%", 0, 100, required=False),
        "fi": Column(
            "number", "Cells with faint, barely perceptible incomplete staining.", "%", 0, 100, required=False
        ),
        "score3": Column("number", "Tumour cells scored 3+.", "%", 0, 100, required=False),
        "score2": Column("number", "Tumour cells scored 2+.", "%", 0, 100, required=False),
        "score1": Column("number", "Tumour cells scored 1+.", "%", 0, 100, required=False),
        "er_percent": Column("number", "Tumour cells with oestrogen receptor staining.", "%", 0, 100, required=False),
        "pr_percent": Column(
            "number", "Tumour cells with progesterone receptor staining.", "%", 0, 100, required=False
        ),
    },
    {"sample": "samples"},
)

FEATURES = TableSpec(
    "features",
    "Further measurements per sample or patient that the study brings, typed by [features.columns].",
    (),
    {
        "sample": Column("text", "The sample that was measured.", required=False),
        "patient": Column("text", "The patient that was measured.", required=False),
    },
    {"sample": "samples", "patient": "patients"},
    extra=True,
)

RNA_COUNTS = TableSpec(
    "rna_counts",
    "Read counts: genes in rows, samples in columns; whole numbers, not normalised, no logarithm.",
    (),
    {},
)

GENE_SETS = TableSpec(
    "gene_sets",
    "Gene sets from a GMT file (MSigDB, Reactome, KEGG, BioCarta), by symbol: one row per set and gene.",
    (),
    {
        "set": Column("text", "Name of the set.", missing=False),
        "gene": Column("text", "Symbol of a member.", missing=False),
    },
)

SIGNATURE = TableSpec(
    "signature",
    "Expression of marker genes in each cell type (genes x types, linear scale), for deconvolution; such as LM22.",
    (),
    {},
)

Patients = Annotated[pd.DataFrame, PATIENTS]
Samples = Annotated[pd.DataFrame, SAMPLES]
FishNuclei = Annotated[pd.DataFrame, FISH_NUCLEI]
Ihc = Annotated[pd.DataFrame, IHC]
Features = Annotated[pd.DataFrame, FEATURES]
RnaCounts = Annotated[Matrix, RNA_COUNTS]
GeneSets = Annotated[pd.DataFrame, GENE_SETS]
Signature = Annotated[Matrix, SIGNATURE]

TABLES: dict[str, TableSpec] = {
    spec.name: spec for spec in (PATIENTS, SAMPLES, RNA_COUNTS, FISH_NUCLEI, IHC, FEATURES, GENE_SETS, SIGNATURE)
}
