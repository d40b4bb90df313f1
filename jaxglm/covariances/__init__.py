"""HOST: covariances of a fitted model other than its own: robust, clustered, by refits. Each function takes the fit."""

from .choice import KINDS, USUAL, Covariance, covariance_of
from .corrections import correction_of
from .pieces import Pieces, pieces_of
from .roots import inverse_root, lengths

__all__ = ["KINDS", "USUAL", "Covariance", "Pieces", "correction_of", "covariance_of", "inverse_root", "lengths",
           "pieces_of"]  # fmt: skip
