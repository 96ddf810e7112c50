"""One function per picture: a result in, drawings out. Nothing is computed here but positions.

`PANELS` lists them in reading order. Modules that draw are loaded when a panel is drawn, so that the list is light.
"""

from collections.abc import Callable
from importlib import import_module
from typing import Any

from her2het.figures.panel import Drawing, Panel
from her2het.results.biopsy_agreement import BiopsyAgreement
from her2het.results.change import FishByStatus, HeterogeneityChange, StatusChange, TreatmentDistance
from her2het.results.claims import PublishedClaims
from her2het.results.cohort import SampleFlow
from her2het.results.discordance import Discordance
from her2het.results.expression import BiopsyDistance, MarkerExpression, MrnaProtein, SampleComponents, SampleQc
from her2het.results.features import FeatureComparisons
from her2het.results.fish import FishByGroup, FishHeterogeneity
from her2het.results.genes import BaselineGenes, PairedGenes
from her2het.results.her2 import FishDiversity, Her2Status, HetProfiles, SpatialPatterns, TracedCases
from her2het.results.mutations import Mutations
from her2het.results.planning import NextTrial
from her2het.results.response import ResponseFeatures, ResponseModel
from her2het.results.robustness import Robustness
from her2het.results.scores import (
    CellFractions,
    CheckpointChange,
    Checkpoints,
    ErbbGenes,
    ErbbReceptors,
    ErbbSignatures,
    ImmuneScores,
    Pam50Genes,
    PathwayChange,
    PathwayDeltas,
    Subtypes,
)


def _from(module: str, function: str) -> Callable[[Any], tuple[Drawing, ...]]:
    """The figure function of that name, loaded at its first use."""

    def draw(result: Any) -> tuple[Drawing, ...]:
        return getattr(import_module(f"her2het.figures.{module}"), function)(result)

    draw.__name__ = draw.__qualname__ = function
    draw.__module__ = f"her2het.figures.{module}"  # drawings are kept by the digest of the code that draws
    return draw


PANELS: tuple[Panel, ...] = (
    Panel("flow", "1A", SampleFlow, _from("flow", "flow")),
    Panel("sample_qc", "S2A", SampleQc, _from("qc", "sample_qc")),
    Panel("mrna_protein", "S2B–C", MrnaProtein, _from("mrna_protein", "mrna_protein")),
    Panel("biopsy_distance", "S2D–J", BiopsyDistance, _from("distances", "biopsy_distance")),
    Panel("components_by_group", "1B", SampleComponents, _from("components", "components_by_group")),
    Panel("components_all", "4A", SampleComponents, _from("components", "components_all")),
    Panel("components_by_variable", "S3A", SampleComponents, _from("variables", "components_by_variable")),
    Panel("markers_by_group", "1C", MarkerExpression, _from("markers", "markers_by_group")),
    Panel("markers_by_rcb", "1D", MarkerExpression, _from("markers", "markers_by_rcb")),
    Panel("reclassification", "HER2", Her2Status, _from("her2_status", "reclassification")),
    Panel("ish_plane", "HER2", Her2Status, _from("her2_status", "ish_plane")),
    Panel("fish_calls", "FISH", FishHeterogeneity, _from("fish", "fish_calls")),
    Panel("fish_by_group", "FISH", FishByGroup, _from("fish", "fish_by_group")),
    Panel("het_agreement", "HET", HetProfiles, _from("het_profiles", "het_agreement")),
    Panel("het_robust", "HET", HetProfiles, _from("het_profiles", "het_robust")),
    Panel("fish_diversity", "FISH", FishDiversity, _from("scores", "diversity_by_group")),
    Panel("fish_diversity_change", "FISH", FishDiversity, _from("scores", "diversity_change")),
    Panel("spatial_maps", "FISH", SpatialPatterns, _from("spatial", "spatial_maps")),
    Panel("case_plane", "Case", TracedCases, _from("nuclei", "case_plane")),
    Panel("case_nuclei", "Case", TracedCases, _from("nuclei", "case_nuclei")),
    Panel("status_change", "3A, 3C", StatusChange, _from("alluvial", "status_change")),
    Panel("heterogeneity_change", "3D", HeterogeneityChange, _from("paired", "heterogeneity_change")),
    Panel("equitability_by_class", "S4D–E", HeterogeneityChange, _from("fish_status", "equitability_by_class")),
    Panel("shifted_tumours", "S4F", HeterogeneityChange, _from("fish_status", "shifted_tumours")),
    Panel("fish_by_status", "S4A–C", FishByStatus, _from("fish_status", "fish_by_status")),
    Panel(
        "treatment_distance", "4B–D, S5A–C, E–F", TreatmentDistance, _from("treatment_distance", "treatment_distance")
    ),
    Panel("biopsy_agreement", "S5D", BiopsyAgreement, _from("biopsy_agreement", "biopsy_agreement")),
    Panel("erbb_signatures", "1F", ErbbSignatures, _from("scores", "erbb_by_group")),
    Panel("erbb_signatures_change", "4E", ErbbSignatures, _from("scores", "erbb_change")),
    Panel("erbb_genes", "1G", ErbbGenes, _from("heatmap", "erbb_genes")),
    Panel("pathway_deltas", "S3C", PathwayDeltas, _from("heatmap", "pathway_deltas")),
    Panel("subtypes", "2A", Subtypes, _from("scores", "subtypes_by_group")),
    Panel("subtype_counts", "S3E", Subtypes, _from("subtypes", "subtype_counts")),
    Panel("subtypes_by_receptor", "S3F", Subtypes, _from("score_relations", "subtypes_by_receptor")),
    Panel("subtypes_by_rcb", "S3G", Subtypes, _from("score_relations", "subtypes_by_rcb")),
    Panel("subtype_shift", "S6F", Subtypes, _from("subtypes", "subtype_shift")),
    Panel("subtypes_change", "S6F", Subtypes, _from("scores", "subtypes_change")),
    Panel("pam50_genes", "2B", Pam50Genes, _from("heatmap", "pam50_genes")),
    Panel("mutations", "S5G–H", Mutations, _from("mutations", "oncoprint")),
    Panel("mutation_frequency", "S5I–K", Mutations, _from("mutations", "mutation_frequency")),
    Panel("erbb_receptors", "S6A–B", ErbbReceptors, _from("scores", "receptors_change")),
    Panel("pathway_change", "4G", PathwayChange, _from("heatmap", "pathway_change")),
    Panel("immune_scores", "5A", ImmuneScores, _from("scores", "immune_by_group")),
    Panel("immune_scores_by_receptor", "S7A", ImmuneScores, _from("score_relations", "immune_by_receptor")),
    Panel("immune_scores_by_rcb", "S7B", ImmuneScores, _from("score_relations", "immune_by_rcb")),
    Panel("immune_scores_change", "7A", ImmuneScores, _from("scores", "immune_change")),
    Panel("cell_fractions", "5B", CellFractions, _from("scores", "cells_by_group")),
    Panel("cell_fractions_change", "7B", CellFractions, _from("scores", "cells_change")),
    Panel("checkpoints", "5C", Checkpoints, _from("heatmap", "checkpoints")),
    Panel("checkpoint_change", "7C", CheckpointChange, _from("heatmap", "checkpoint_change")),
    Panel("baseline_genes", "1E, S3B", BaselineGenes, _from("volcano", "baseline_genes")),
    Panel("paired_genes", "4F, S6C", PairedGenes, _from("volcano", "paired_genes")),
    Panel("discordance", "RNA, FISH, IHC", Discordance, _from("discordance", "discordance")),
    Panel("features_by_group", "Own", FeatureComparisons, _from("features", "features_by_group")),
    Panel("features_classes", "Own", FeatureComparisons, _from("features", "features_classes")),
    Panel("features_change", "Own", FeatureComparisons, _from("features", "features_change")),
    Panel("robustness", "Robust", Robustness, _from("robustness", "robustness")),
    Panel("response_features", "pCR", ResponseFeatures, _from("response", "response_features")),
    Panel("response_model", "pCR", ResponseModel, _from("response", "response_model")),
    Panel("next_trial", "Plan", NextTrial, _from("planning", "next_trial")),
    Panel("published_claims", "Claims", PublishedClaims, _from("claims", "published_claims")),
)
