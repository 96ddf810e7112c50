"""One random stream per piece of work, so that a change of one piece leaves the others' numbers as they were."""

import numpy as np

PIECES = (
    "roles",
    "clinic",
    "latent",
    "subtype",
    "response",
    "mutations",
    "genes",
    "loadings",
    "expression",
    "counts",
    "libraries",
    "damage",
    "fish",
    "positions",
    "ihc",
    "features",
    "signature",
    "mutation_calls",
)
"""Names of the streams. The order is part of the data: new ones go to the end."""


class Streams:
    """Independent generators of one seed, by piece of work and number within it."""

    def __init__(self, seed: int) -> None:
        self.seed = seed

    def of(self, piece: str, *number: int) -> np.random.Generator:
        """The generator of one piece: `SeedSequence(seed, spawn_key=(place of the piece, *number))`."""
        return np.random.default_rng(np.random.SeedSequence(self.seed, spawn_key=(PIECES.index(piece), *number)))
