"""statsmodels: its own class for each family with several parameters, from its default start."""

import numpy as np
import statsmodels.api as sm
from statsmodels.discrete.count_model import ZeroInflatedNegativeBinomialP
from statsmodels.miscmodels.ordinal_model import OrderedModel
from statsmodels.othermod.betareg import BetaModel

from experiments.peers.competitors import Cannot


def prepare(workload, label):
    X, y = workload["X"], workload["y"]
    if workload["family"] not in FITS:
        raise Cannot("see its other labels")
    return lambda: FITS[workload["family"]](y, X)


def _negbin(y, X):
    found = sm.NegativeBinomial(y, X).fit(disp=0, maxiter=200).params
    return np.append(found[:-1], np.log(found[-1]))


def _zinb(y, X):
    model = ZeroInflatedNegativeBinomialP(y, X, exog_infl=np.ones((len(y), 1)), p=2)
    found = model.fit(disp=0, maxiter=500).params
    return np.concatenate([found[1:-1], [np.log(found[-1]), found[0]]])


def _beta(y, X):
    return BetaModel(y, X).fit(disp=0).params


def _ordinal(y, X):
    model = OrderedModel(y, X, distr="logit")
    found = model.fit(disp=0, method="bfgs").params
    return np.concatenate([found[: X.shape[1]], model.transform_threshold_params(found)[1:-1]])


def _multinomial(y, X):
    return sm.MNLogit(y, X).fit(disp=0).params.T.ravel()


FITS = {"negbin": _negbin, "zinb": _zinb, "beta": _beta, "ordinal": _ordinal, "multinomial": _multinomial}
