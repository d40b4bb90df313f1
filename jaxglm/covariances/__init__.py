"""HOST: covariances of a fitted model other than its own: robust, clustered, by refits. Each function takes the fit."""

from .choice import KINDS, Covariance, covariance_of
from .roots import inverse_root

__all__ = ["KINDS", "Covariance", "covariance_of", "inverse_root"]
