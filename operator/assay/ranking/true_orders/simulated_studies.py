"""Simulated studies of normal scores, to tell what is likely before anything runs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from assay.ranking.arrays import FloatArray, IntArray
from assay.ranking.true_orders.precision import TwoArmNoise


@dataclass(frozen=True, eq=False)
class SimulatedStudies:
    """The scores of a reference and a proxy, which can be had at any correlation of the true scores."""

    signal: FloatArray
    """(2, studies, hypotheses): the reference's true scores, and the part of the proxy's that these don't explain."""
    errors: FloatArray
    """(2, studies, hypotheses, seeds): the noise of both arms' scores."""

    @classmethod
    def simulate(
        cls, studies: int, hypotheses: int, noise: TwoArmNoise, seeds: int, generator: np.random.Generator
    ) -> SimulatedStudies:
        """Simulate true scores of variance 1, and noise for so many seeds."""
        signal = generator.standard_normal((2, studies, hypotheses))
        errors = generator.standard_normal((2, studies, hypotheses, seeds))
        errors[1] = noise.correlation * errors[0] + np.sqrt(1 - noise.correlation**2) * errors[1]
        errors *= np.array(noise.to_signal)[:, None, None, None]
        return cls(signal, errors)

    def of(self, studies: IntArray) -> SimulatedStudies:
        """Select some of the studies, by number."""
        return SimulatedStudies(self.signal[:, studies], self.errors[:, studies])

    def scores(self, correlation: float, seeds: int) -> FloatArray:
        """Return (2, studies, hypotheses, seeds) scores of both arms whose true scores have this correlation."""
        own, rest = self.signal
        true = np.array([own, correlation * own + np.sqrt(max(1 - correlation**2, 0.0)) * rest])
        return true[..., None] + self.errors[..., :seeds]
