"""The plan, in the order in which a reader should meet it."""

from her2het.analyses.biopsy_agreement import biopsy_agreement
from her2het.analyses.claims import published_claims
from her2het.analyses.cohort import cohort_table
from her2het.analyses.components import sample_components
from her2het.analyses.discordance import discordance
from her2het.analyses.distance import biopsy_distance
from her2het.analyses.expression import expression, sample_qc
from her2het.analyses.expression_change import checkpoint_change, erbb_receptors, pathway_change
from her2het.analyses.features import feature_comparisons
from her2het.analyses.fish import fish_heterogeneity
from her2het.analyses.fish_diversity import fish_diversity
from her2het.analyses.fish_groups import fish_by_group
from her2het.analyses.fish_status import fish_by_status
from her2het.analyses.flow import sample_flow
from her2het.analyses.genes import baseline_genes, paired_genes
from her2het.analyses.groups import group_assignment
from her2het.analyses.her2_status import her2_status
from her2het.analyses.het_profiles import het_profiles
from her2het.analyses.markers import marker_expression, mrna_protein
from her2het.analyses.mutations import mutations
from her2het.analyses.planning import next_trial
from her2het.analyses.relative import checkpoints, erbb_genes, pam50_genes
from her2het.analyses.response import response_features
from her2het.analyses.response_model import response_model
from her2het.analyses.robustness import robustness
from her2het.analyses.signatures import erbb_signatures, gene_set_scores, pathway_deltas
from her2het.analyses.spatial import spatial_pattern
from her2het.analyses.status_change import heterogeneity_change, status_change
from her2het.analyses.subtypes import cell_fractions, immune_scores, subtypes
from her2het.analyses.traced_cases import traced_cases
from her2het.analyses.treatment_distance import treatment_distance
from her2het.plan import Plan

PLAN = Plan(
    (
        sample_flow,
        group_assignment,
        cohort_table,
        her2_status,
        fish_heterogeneity,
        fish_by_group,
        het_profiles,
        fish_diversity,
        spatial_pattern,
        traced_cases,
        discordance,
        sample_qc,
        expression,
        sample_components,
        mrna_protein,
        biopsy_distance,
        gene_set_scores,
        marker_expression,
        baseline_genes,
        erbb_signatures,
        pathway_deltas,
        erbb_genes,
        subtypes,
        pam50_genes,
        feature_comparisons,
        robustness,
        status_change,
        heterogeneity_change,
        fish_by_status,
        treatment_distance,
        biopsy_agreement,
        paired_genes,
        mutations,
        erbb_receptors,
        pathway_change,
        immune_scores,
        cell_fractions,
        checkpoints,
        checkpoint_change,
        response_features,
        response_model,
        next_trial,
        published_claims,
    )
)
