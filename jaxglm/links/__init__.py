"""Links: monotone maps from a linear predictor to one parameter, and the view of it that a log-likelihood receives."""

from .base import FunctionLink, Interval, Link, bisect, link, rises
from .bounds import eta_interval, is_constrained, is_unknown
from .fixed import Fixed
from .powers import Identity, Inverse, InverseSquared, Log, Power, Sqrt
from .softplus import SoftPlus
from .unit import Between, Cauchit, CLogLog, Logit, LogLog, Probit
from .view import Parameter

__all__ = [
    "Between",
    "CLogLog",
    "Cauchit",
    "Fixed",
    "FunctionLink",
    "Identity",
    "Interval",
    "Inverse",
    "InverseSquared",
    "Link",
    "Log",
    "LogLog",
    "Logit",
    "Parameter",
    "Power",
    "Probit",
    "SoftPlus",
    "Sqrt",
    "bisect",
    "eta_interval",
    "is_constrained",
    "is_unknown",
    "link",
    "rises",
]
