"""What Li et al. 2024 report, in our words: each claim with its panel and how a cohort would show it; and where the
paper contradicts itself.

A part of a claim says what is compared and which way it should go. The paper's text gives directions, hardly any
number, so nothing here is a cut-off or an expected size, except shares that the text prints.
"""

from dataclasses import dataclass
from typing import Literal

DOI = "10.1172/JCI176454"
PCR, NON_HET, HET = "pCR", "non-HET/no pCR", "HET/no pCR"
"""Roles that a study's groups may have, by response and heterogeneity at baseline."""

Kind = Literal["estimate", "gene", "gene change", "set", "set change", "difference of changes", "share", "own", "none"]
"""estimate: read from the result of an analysis. gene, set: mRNA or score of a gene set between groups at baseline.
gene change, set change: after against before treatment. difference of changes: HET against non-HET. share: a share
against the published one. own: worked out for this claim (`analyses/claims_own.py`). none: no table of a study
          holds it."""

SHARES = {"pik3ca_mutated": (17, 126), "erbb2_mutated": (4, 126)}
"""Published counts: with a hotspot mutation, of the tumours that could be evaluated."""
RATIO_SPLIT = 6
"""The ERBB2/CEP17 ratio at which panel S4C splits tumours; no cut-off of any guideline."""


@dataclass(frozen=True)
class Part:
    """One thing to look at: `direction` 1 (first higher, or rises), -1, 0 (no difference), None (differs either way).

    `quantity` as the analysis names it, other names for it after a bar; `groups` are roles, or parts of the patients
    (all, non-HET, HET), or what the analysis compares; `source` names the analysis whose estimate is read; `method`
    how its method begins, where there are several.
    """

    kind: Kind
    quantity: str
    direction: int | None
    groups: tuple[str, ...] = ()
    source: str = ""
    method: str = ""


@dataclass(frozen=True)
class Claim:
    """A finding of the paper: identifier, panel, section of the report it belongs to, our words, and its parts.

    `contested`: where the paper says two things; what is found is then shown without a verdict.
    """

    id: str
    panel: str
    text: str
    parts: tuple[Part, ...]
    contested: str = ""


@dataclass(frozen=True)
class Contradiction:
    """Two places of the paper that cannot both hold, or a number that its own counts do not give."""

    id: str
    place: str
    text: str


def _read(source: str, quantity: str, direction: int | None, *groups: str, method: str = "") -> Part:
    return Part("estimate", quantity, direction, groups, source, method)


def _against_pcr(kind: Kind, names: tuple[str, ...], role: str, direction: int | None) -> tuple[Part, ...]:
    return tuple(Part(kind, name, direction, (role, PCR)) for name in names)


def _both(kind: Kind, names: tuple[str, ...], direction: int | None) -> tuple[Part, ...]:
    return _against_pcr(kind, names, NON_HET, direction) + _against_pcr(kind, names, HET, direction)


def _changes(kind: Kind, names: tuple[str, ...], part: str, direction: int | None) -> tuple[Part, ...]:
    return tuple(Part(kind, name, direction, (part,)) for name in names)


def _only_non_het(source: str, names: tuple[str, ...], direction: int) -> tuple[Part, ...]:
    """Changes in non-HET tumours and not in HET ones: that is a claim about the difference, too."""
    return tuple(
        part
        for name in names
        for part in (
            _read(source, name, direction, "non-HET"),
            _read(source, name, 0, "HET"),
            Part("difference of changes", name, -direction, ("HET", "non-HET"), source),
        )
    )


ERBB = (
    "REACTOME_SIGNALING_BY_ERBB2",
    "REACTOME_SIGNALING_BY_ERBB4",
    "REACTOME_PI3K_EVENTS_IN_ERBB2_SIGNALING",
    "REACTOME_PI3K_AKT_SIGNALING_IN_CANCER",
)
"""The four signatures that stand for those of panel 1F, which the text does not name one by one."""
CHECKPOINTS = ("CD274", "CTLA4", "LAG3", "TIGIT", "CD27", "CD40", "ICOS", "HAVCR2")
"""Receptors and ligands that stand for 'most' pairs of panel 7C."""

CLAIMS: tuple[Claim, ...] = (
    Claim("cohort-pcr", "1A", "None of the patients with HET tumours had pCR, about half of the others had.",
          (Part("own", "pCR by HET", -1, ("HET", "non-HET")),)),
    Claim("mrna-protein", "S2B-C", "mRNA of ERBB2, ESR1 and PGR rises with staining of their proteins.",
          tuple(_read("mrna_protein", g, 1, method="Pearson") for g in ("ERBB2", "ESR1", "PGR"))),
    Claim("biopsies-group", "S2F", "The distance between two baseline biopsies goes neither with pCR nor with HET.",
          (_read("biopsy_distance", "pCR", 0), _read("biopsy_distance", "HET", 0))),
    Claim("biopsies-response", "S2G-H", "Nor does it go with residual cancer burden or the share of amplified cells.",
          (_read("biopsy_distance", "Residual cancer burden", 0), _read("biopsy_distance", "Amplified fraction", 0))),
    Claim("biopsies-clinic", "S2I", "Nor with tumour area, cellularity, age or nodes.",
          tuple(_read("biopsy_distance", q, 0)
                for q in ("Difference of tumour area", "Difference of cellularity", "Age", "nodes"))),
    Claim("biopsies-er", "S2J", "Two biopsies of an ER-negative tumour lie further apart than of an ER-positive one.",
          (_read("biopsy_distance", "ER", -1),)),
    Claim("main-axis", "1B, S3A", "The main axis of baseline samples goes with no group, receptor or node status.",
          (Part("estimate", "PC1", 0, (PCR, NON_HET, HET), "sample_components"),
           Part("estimate", "PC1", 0, ("nodes no", "nodes yes"), "sample_components"),
           Part("estimate", "PC1", 0, ("hr no", "hr yes"), "sample_components"))),
    Claim("erbb2-highest", "1C", "ERBB2 mRNA is highest in tumours with pCR and lowest in HET tumours.",
          (_read("marker_expression", "ERBB2", -1, NON_HET, PCR), _read("marker_expression", "ERBB2", -1, HET, PCR),
           _read("marker_expression", "ERBB2", -1, HET, NON_HET))),
    Claim("erbb2-rcb", "1D", "ERBB2 mRNA falls as residual cancer burden rises.",
          (_read("marker_expression", "ERBB2", -1, method="Pearson"),)),
    Claim("immunoglobulins", "1E", "Immunoglobulin genes are lower in non-HET tumours without pCR than with pCR.",
          _against_pcr("gene", ("IGLC3", "IGHG1"), NON_HET, -1)),
    Claim("amplicon-het", "1E", "Genes of the ERBB2 amplicon and of pyroptosis are lower in HET tumours than with pCR.",
          _against_pcr("gene", ("ERBB2", "GRB7", "GSDMA", "GSDMB"), HET, -1)),
    Claim("keratins-het", "1E", "Basal keratins are higher in HET tumours than in tumours with pCR.",
          _against_pcr("gene", ("KRT5", "KRT14", "KRT17"), HET, 1)),
    Claim("common-low", "S3B", "ERBB2, HOXB3, FN1 and TNC are lower in both groups without pCR.",
          _both("gene", ("ERBB2", "HOXB3", "FN1", "TNC"), -1)),
    Claim("few-genes", "1E", "Few genes differ between non-HET tumours without and with pCR, more between HET and pCR.",
          (Part("own", "more genes in HET", 1, (HET, NON_HET)),)),
    Claim("pathways-high", "S3C", "FGFR signalling and bile acid metabolism are higher without pCR, HET or not.",
          _both("set", ("REACTOME_SIGNALING_BY_FGFR", "REACTOME_BILE_ACID_AND_BILE_SALT_METABOLISM"), 1)),
    Claim("pathways-low", "S3C", "NOTCH and ATF6 signalling are lower without pCR, HET or not.",
          _both("set", ("REACTOME_SIGNALING_BY_NOTCH", "REACTOME_ATF6_ATF6_ALPHA_ACTIVATES_CHAPERONES"), -1)),
    Claim("pathways-het", "S3C", "mTOR signalling, DNA repair and cell cycle are higher in HET tumours than with pCR.",
          _against_pcr("set", ("REACTOME_MTOR_SIGNALLING", "REACTOME_DNA_REPAIR", "REACTOME_CELL_CYCLE"), HET, 1)),
    Claim("signatures-low", "1F", "ERBB/PI3K signatures are lower in non-HET tumours without pCR than with pCR.",
          _against_pcr("set", ERBB, NON_HET, -1)),
    Claim("signatures-het", "1F", "ERBB/PI3K signatures of HET tumours are as high as those of tumours with pCR.",
          _against_pcr("set", ERBB, HET, 0)),
    Claim("downstream-het", "1G", "MYC, NRAS and EIF4EBP1 are higher in HET tumours, and in these alone.",
          _against_pcr("gene", ("MYC", "NRAS", "EIF4EBP1"), HET, 1)
          + _against_pcr("gene", ("MYC", "NRAS", "EIF4EBP1"), NON_HET, 0)),
    Claim("erbb4", "S3D", "ERBB4 tends to be higher in both groups without pCR.", _both("gene", ("ERBB4",), 1)),
    Claim("het-basal", "2A", "HET tumours are less HER2-enriched and more basal-like than tumours with pCR.",
          (_read("subtypes", "Her2", -1, HET, PCR), _read("subtypes", "Basal", 1, HET, PCR))),
    Claim("non-het-enriched", "2A", "Most non-HET tumours without pCR are HER2-enriched.",
          (Part("own", "non-HET HER2-enriched", 1, (NON_HET,)),)),
    Claim("subtype-rcb", "S3G", "Basal probability rises and HER2-enriched probability falls with RCB.",
          (_read("subtypes", "Basal", 1, method="Spearman"), _read("subtypes", "Her2", -1, method="Spearman"))),
    Claim("basal-genes", "2B", "NDC80, SLC39A6 and KRT5 are higher in HET tumours than with pCR.",
          _against_pcr("gene", ("NDC80", "SLC39A6", "KRT5"), HET, 1)),
    Claim("ck5-her2", "2C-E", "Cells high in HER2 and cells high in cytokeratin 5 exclude each other.",
          (Part("none", "single-cell immunofluorescence", -1),)),
    Claim("ihc-falls", "3A", "The HER2 IHC score falls in about half of the tumours and hardly ever rises.",
          (Part("own", "IHC falls", -1, ("all",)),)),
    Claim("ihc-falls-het", "3A", "A fall of the IHC score is commoner in HET tumours.",
          (_read("status_change", "HER2 IHC fall", 1, "HET", "non-HET"),),
          "5 of 9 and 17 of 40 are printed, 22 in all, where the same paragraph has 26 tumours with a lower score."),
    Claim("het-shifts", "3C", "HET tumours turn non-HET more often than non-HET tumours turn HET.",
          (_read("status_change", "HET shift", 1, "HET", "non-HET"),)),
    Claim("equitability-after", "3D", "Copy numbers are more diverse between cells after treatment, HET or not.",
          tuple(_read("heterogeneity_change", "Equitability", 1, part) for part in ("all", "non-HET", "HET")),
          "The abstract says that copy number heterogeneity decreased, the results that it was higher."),
    Claim("to-het-equitability", "3D, S4F", "In tumours that turn HET, equitability, amplified fraction and copies "
          "fall.",
          (Part("own", "equitability of those that turn HET", -1, ("to HET",)),)),
    Claim("residual-het", "S4A", "Residual tumours of HET patients have a lower amplified fraction and ratio.",
          (Part("own", "fraction after", -1, ("HET", "non-HET")), Part("own", "ratio after", -1, ("HET", "non-HET")))),
    Claim("ratio-diversity", "S4C", "Before treatment tumours with a ratio of 6 or more are more diverse between "
          "cells; after it they are not.",
          (Part("own", "equitability by ratio before", 1, ("ratio ≥ 6", "ratio < 6")),
           Part("own", "equitability by ratio after", 0, ("ratio ≥ 6", "ratio < 6")))),
    Claim("distance-het", "4A-B", "Treatment moves the transcriptome of HET tumours less than that of others.",
          (_read("treatment_distance", "HET at baseline", -1, "HET", "non-HET"),)),
    Claim("distance-ihc", "S5A", "The move is largest in tumours with IHC 3+.",
          (Part("own", "distance by IHC", 1, ("IHC 3+", "below 3+")),)),
    Claim("distance-fraction", "S5B", "The move rises with the amplified fraction in non-HET tumours and falls "
          "with it in HET ones.",
          (Part("own", "distance and fraction, non-HET", 1, ("non-HET",)),
           Part("own", "distance and fraction, HET", -1, ("HET",)))),
    Claim("distance-clinic", "S5A", "The move goes neither with age, hormone receptors nor RCB.",
          (_read("treatment_distance", "Age", 0), _read("treatment_distance", "hormone receptor", 0),
           _read("treatment_distance", "Residual cancer burden", 0))),
    Claim("distance-biopsies", "S5C", "Treatment moves a tumour further than its two baseline biopsies lie apart; "
          "the two are not related.",
          (_read("treatment_distance", "Before-after against between biopsies", 1),
           _read("treatment_distance", "Distance between biopsies", 0))),
    Claim("distance-shift", "4C", "Whether heterogeneity shifts goes not with how far the transcriptome moves.",
          (_read("treatment_distance", "HET shifts", 0),)),
    Claim("distance-mutation", "4D", "Tumours with a PIK3CA or ERBB2 mutation move less.",
          (_read("treatment_distance", "PIK3CA/ERBB2 mutated", -1),)),
    Claim("pik3ca-share", "S5G-H", "PIK3CA is mutated in 13.5 % of tumours (17 of 126 evaluable).",
          (Part("share", "pik3ca_mutated", 0),)),
    Claim("erbb2-share", "S5G-H", "ERBB2 is mutated in 3.2 % of tumours (4 of 126 evaluable).",
          (Part("share", "erbb2_mutated", 0),)),
    Claim("mutation-response", "S5I-K", "Mutations go neither with pCR, hormone receptors nor HET.",
          (Part("own", "mutated by pcr", 0, ("pcr yes", "pcr no")), Part("own", "mutated by hr", 0, ("hr yes", "hr "
          "no")),
           Part("own", "mutated by het", 0, ("het yes", "het no")))),
    Claim("erbb-genes-after", "S6A-B", "ERBB2 and ERBB3 rise and ERBB4 falls under treatment in non-HET tumours; "
          "in HET ones they do not change.",
          _changes("gene change", ("ERBB2", "ERBB3"), "non-HET", 1) + _changes("gene change", ("ERBB4",), "non-HET", -1)
          + _changes("gene change", ("ERBB2", "ERBB3", "ERBB4"), "HET", 0)),
    Claim("signatures-after", "4E", "ERBB/PI3K signatures rise under treatment, HET or not.",
          _changes("set change", ERBB, "non-HET", 1) + _changes("set change", ERBB, "HET", 1)),
    Claim("genes-after", "4F", "More genes change in non-HET than in HET tumours, at equal numbers of tumours, too.",
          (_read("paired_genes", "Genes that change", -1),)),
    Claim("pathways-after", "4G", "TGF-beta, FGFR, mTOR and PTEN pathways change under treatment, HET or not.",
          tuple(p for part in ("non-HET", "HET") for p in _changes(
              "set change",
              ("REACTOME_SIGNALING_BY_TGF_BETA_RECEPTOR_COMPLEX", "REACTOME_SIGNALING_BY_FGFR",
               "REACTOME_MTOR_SIGNALLING", "REACTOME_PTEN_REGULATION"), part, None))),
    Claim("subtype-after", "S6F", "Tumours turn from basal-like towards luminal A under treatment, HET or not.",
          tuple(_read("subtypes", name, sign, part) for part in ("non-HET", "HET")
                for name, sign in (("Basal", -1), ("LumA", 1)))),
    Claim("immune-low", "5A", "The immune score is lower in non-HET tumours without pCR than with pCR.",
          (_read("immune_scores", "Immune score", -1, NON_HET, PCR),)),
    Claim("stroma-low", "5A", "The stromal score tends to be lower in HET tumours than in non-HET ones.",
          (_read("immune_scores", "Stromal score", -1, HET, PCR), _read("immune_scores", "Stromal score", -1, HET,
          NON_HET))),
    Claim("immune-receptor", "S7A-B", "Immune differences between pCR and no pCR run in opposite directions by "
          "hormone receptor.",
          (Part("own", "immune difference by receptor", None, ("HR+", "HR−")),)),
    Claim("immune-rcb", "S7B", "The immune score falls as residual cancer burden rises.",
          (_read("immune_scores", "Immune score", -1, method="Spearman"),)),
    Claim("cells-het", "5B", "HET tumours have fewer activated CD4 memory T cells than tumours with pCR.",
          (_read("cell_fractions", "T cells CD4 memory activated", -1, HET, PCR),)),
    Claim("cells-non-het", "5B", "Non-HET tumours without pCR have fewer plasma cells, more naive CD4 T cells and "
          "M0 macrophages than with pCR.",
          (_read("cell_fractions", "Plasma cells", -1, NON_HET, PCR),
           _read("cell_fractions", "T cells CD4 naive", 1, NON_HET, PCR),
           _read("cell_fractions", "Macrophages M0|Macrophages", 1, NON_HET, PCR))),
    Claim("checkpoints-het", "5C", "CD274, CD160, CD226 and PVR are higher in HET than in non-HET tumours without pCR.",
          tuple(Part("gene", g, 1, (HET, NON_HET)) for g in ("CD274", "CD160", "CD226", "PVR"))),
    Claim("bcr-low", "5D", "B-cell receptor richness is lowest in non-HET tumours without pCR.",
          (_read("feature_comparisons", "bcr_richness", -1, NON_HET, PCR),
           _read("feature_comparisons", "bcr_richness", 1, HET, NON_HET))),
    Claim("tcr-low", "5D", "T-cell receptor richness is slightly lower in non-HET tumours without pCR.",
          (_read("feature_comparisons", "tcr_richness", -1, NON_HET, PCR),)),
    Claim("dsp-her2", "6D", "HER2 protein by spatial profiling is lower without pCR, most so in HET tumours.",
          (Part("none", "spatial protein profiles", -1),)),
    Claim("dsp-immune", "6C, S7G", "TIM3, BCL2, S100B and CD44 proteins are higher in HET tumours, HLA-DR without pCR.",
          (Part("none", "spatial protein profiles", 1),)),
    Claim("immune-after", "7A", "Immune and stromal scores rise under treatment in non-HET tumours only.",
          _only_non_het("immune_scores", ("Immune score", "Stromal score"), 1)),
    Claim("cells-after", "7B", "In non-HET tumours CD8 T cells, memory B cells and plasma cells rise and "
          "regulatory T cells fall.",
          tuple(_read("cell_fractions", name, sign, "non-HET") for name, sign in (
              ("T cells CD8|CD8 T cells", 1), ("B cells memory|B cells", 1), ("Plasma cells", 1), ("T cells "
              "regulatory (Tregs)|Regulatory T cells", -1)))),
    Claim("checkpoints-after", "7C", "Most checkpoint genes fall under treatment, HET or not.",
          _changes("gene change", CHECKPOINTS, "non-HET", -1) + _changes("gene change", CHECKPOINTS, "HET", -1)),
    Claim("checkpoints-rise", "7C", "TNFRSF14 and CD47 rise under treatment.",
          _changes("gene change", ("TNFRSF14", "CD47"), "all", 1)),
    Claim("dsp-after", "7D, S8", "HER2 protein falls under treatment; CD20 and CD8 proteins rise in non-HET "
          "tumours only.",
          (Part("none", "spatial protein profiles", -1),)),
    Claim("bcr-after", "7E-F", "B-cell receptor richness rises under treatment in non-HET tumours only.",
          _only_non_het("feature_comparisons", ("bcr_richness",), 1)),
)  # fmt: skip
"""In the order of the paper. Where the text says 'trend' the claim says 'tends'; the test is the same."""

CONTRADICTIONS: tuple[Contradiction, ...] = (
    Contradiction("denominator", "Results, 1A", "12.3 % and 87.7 % of patients with one and two biopsies have 130 "
          "patients as "
                  "their denominator; the groups hold 129 (12.4 % and 87.6 %)."),
    Contradiction("subtypes", "Results, 2A", "25 of 27 HET biopsies are not HER2-enriched, which leaves 2 that are; 22 "
                  "basal-like and 5 luminal make 27, which leaves none."),
    Contradiction("gene-name", "Results, 1E", "IGMG1 is no symbol of a gene; IGHG1 is used here."),
    Contradiction("ihc", "Results, 3A", "26 of 49 tumours have a lower IHC score; 5 of 9 HET and 17 of 40 non-HET "
          "tumours make "
                  "22, which is the number of unchanged ones. Read as unchanged, the direction between groups "
                  "turns round."),
    Contradiction("direction", "Abstract; results, 3D", "The abstract has decreased ERBB2 copy number "
          "heterogeneity in residual "
                  "tumours, the results higher cellular copy number heterogeneity."),
    Contradiction("mutations", "Results, 4D", "13.5 % and 3.2 % need 126 tumours, a number that the text does not "
          "give."),
    Contradiction("exons", "Results, methods, discussion", "PIK3CA exons 10 and 21 are exons 9 and 20 in the "
          "discussion; ERBB2 V777 "
                  "lies in exon 20, the text names exons 11, 22 and 23."),
    Contradiction("dsp-pairs", "Results, 7D", "19 pairs of spatial profiles are 6 non-HET and 13 HET, yet 9 HET "
          "patients have a "
                  "residual tumour."),
    Contradiction("regions", "Results, methods, 6A", "Regions per biopsy are a median of 4 and 2, and 3 and 3 by "
          "design."),
    Contradiction("dv200", "Methods", "DV200 of 30 % or more in 221 samples, of 292 or of 285 is not said."),
    Contradiction("responders", "Results, 4C", "Strong responders are called the top 75 %, weak ones the lowest 25 "
          "%: the limit is "
                  "the lower quartile, strong is not the top quarter."),
)  # fmt: skip
