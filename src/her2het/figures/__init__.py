"""One function per picture: a result in, drawings out. Nothing is computed here but positions.

`PANELS` lists them in reading order. Modules that draw are loaded when a panel is drawn, so that the list is light.
"""

from collections.abc import Callable
from importlib import import_module
from typing import Any

from her2het.figures.panel import Drawing, Panel
from her2het.results.change import HeterogeneityChange, StatusChange, TreatmentDistance
from her2het.results.cohort import SampleFlow
from her2het.results.expression import BiopsyDistance, MarkerExpression, MrnaProtein, SampleComponents, SampleQc
from her2het.results.fish import FishByGroup, FishHeterogeneity


def _from(module: str, function: str) -> Callable[[Any], tuple[Drawing, ...]]:
    """The figure function of that name, loaded at its first use."""

    def draw(result: Any) -> tuple[Drawing, ...]:
        return getattr(import_module(f"her2het.figures.{module}"), function)(result)

    draw.__name__ = draw.__qualname__ = function
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
    Panel("fish_calls", "FISH", FishHeterogeneity, _from("fish", "fish_calls")),
    Panel("fish_by_group", "FISH", FishByGroup, _from("fish", "fish_by_group")),
    Panel("status_change", "3A, 3C", StatusChange, _from("alluvial", "status_change")),
    Panel("heterogeneity_change", "3D, S4", HeterogeneityChange, _from("paired", "heterogeneity_change")),
    Panel("treatment_distance", "4B–D, S5", TreatmentDistance, _from("treatment_distance", "treatment_distance")),
)
