"""Bounds of the rule that names a spatial pattern: a proposal of this package, after published descriptions."""

from dataclasses import dataclass


@dataclass(frozen=True)
class SpatialRule:
    """The fields, in order, are what `kernels.spatial.PatternRule` takes."""

    min_cells: int = 20
    """Fewest cells with positions."""
    homogeneous_up_to: float = 0.05
    """Largest share of minority cells of a homogeneous sample."""
    alpha: float = 0.05
    """Significance of Moran's I."""
    clustered_share: float = 0.5
    """Least share of the minority in the largest component of its area where cells are clustered."""
    scattered_component: int = 10
    """Cells of the largest component from which a minority is no longer scattered."""
    scattered_below: float = 0.3
    """Share of minority cells from which a minority is no longer scattered."""
    neighbours: int = 6
    """Nearest neighbours of the k-nearest graph."""
    reach_um: float = 50.0
    """Longest edge of the Delaunay graph, in um."""
    name: str = "her2het-pattern/1"
    """What tables call this rule; the number is raised when a bound changes."""
    doi: str = "10.1038/s41374-018-0172-y"
    text: str = (
        "Clustered, mosaic and scattered as described for HER2 by immunohistochemistry and in situ hybridisation; the "
        "numbers are a proposal of this package and were not validated on tissue."
    )

    @property
    def bounds(self) -> tuple[int, float, float, float, int, float]:
        """The bounds in the order of `kernels.spatial.PatternRule`."""
        return (
            self.min_cells,
            self.homogeneous_up_to,
            self.alpha,
            self.clustered_share,
            self.scattered_component,
            self.scattered_below,
        )


SPATIAL_RULE = SpatialRule()
