"""How much noise two arms happen to have, beside what is expected, where they share some of it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from assay.ranking.arrays import FloatArray


@dataclass(frozen=True, eq=False)
class RealisedNoise:
    """Draws of the noise that the means, or the residuals, of two arms happen to have, over what is expected.

    It is a Wishart matrix, by Bartlett's decomposition (Bartlett 1933).
    """

    first: FloatArray
    """(draws,) each: the entries of the triangular factor, scaled to the degrees of freedom."""
    across: FloatArray
    second: FloatArray

    @classmethod
    def simulate(cls, degrees_of_freedom: float, generator: np.random.Generator, draws: int) -> RealisedNoise:
        """Simulate it; the degrees of freedom are above 0."""
        first, second = (
            np.sqrt(generator.chisquare(max(each, 1e-3), draws) / degrees_of_freedom)
            for each in (degrees_of_freedom, degrees_of_freedom - 1)
        )
        return cls(first, generator.standard_normal(draws) / np.sqrt(degrees_of_freedom), second)

    @classmethod
    def with_variances(
        cls, reference: FloatArray, proxy: FloatArray, degrees_of_freedom: float, generator: np.random.Generator
    ) -> RealisedNoise:
        """Simulate it where the variances are these, (draws,) each, if the noise of both arms is independent.

        `degrees_of_freedom`: those of the proxy's.
        """
        along = proxy * generator.beta(0.5, max((degrees_of_freedom - 1) / 2, 1e-3), len(proxy))
        across = np.sqrt(along) * generator.choice((-1.0, 1.0), len(proxy))
        return cls(np.sqrt(reference), across, np.sqrt(proxy - along))

    def of(self, correlation: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Return both variances' ratio to what is expected, and the realised correlation, (draws, observations) each.

        `correlation`: (draws, observations), that of the noise in truth.
        """
        first, across, second = self.first[:, None], self.across[:, None], self.second[:, None]
        rest = np.sqrt(1 - correlation**2)
        along = correlation * first + rest * across
        variances = first**2 + 0 * along, along**2 + (rest * second) ** 2
        scale = np.sqrt(np.maximum(variances[0] * variances[1], 1e-300))
        return *variances, np.clip(first * along / scale, -1.0, 1.0)
