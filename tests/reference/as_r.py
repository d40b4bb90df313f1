"""The table of R's conventions: what `fit` stores, against our results in R's meaning."""

from . import conventions as r
from . import measure
from .case import Case
from .fits import FAMILIES
from .quantity import Quantity, at, differs, plain
from .yardsticks import (
    LAGGED,
    deviance_error,
    first_counted,
    first_rows,
    in_r_se,
    near_r,
    near_r_influence,
    near_r_theta,
)


def wald_interval(case: Case):
    """The t interval for families with a dispersion, where ours is one too; the normal one for the rest."""
    has_phi = FAMILIES[case.raw["model"]["family"]].extra == "log(phi)"
    return case.array("fit.ci.wald_t" if has_phi else "fit.ci.wald_normal")


def aliased(case: Case) -> list[str] | None:
    return None if case.get("fit.rank") is None else [n for n, k in zip(case.names, case.kept, strict=True) if not k]


AS_R = (
    Quantity("R.coef", at("fit.coef"), lambda f: r.coefficients(f, f.default.params), near_r, in_r_se),
    Quantity("R.se", at("fit.se"), r.se, LAGGED),
    Quantity("R.vcov", at("fit.vcov"), r.vcov, LAGGED, plain(measure.of_deviations)),
    Quantity("R.dispersion", at("fit.dispersion"), r.dispersion, LAGGED),
    Quantity("R.logLik", at("fit.logLik"), r.log_likelihood, 1e-9),
    Quantity("R.AIC", at("fit.AIC"), r.aic, 1e-9),
    Quantity("R.BIC", at("fit.BIC"), r.bic, 1e-9),
    Quantity("R.logLik_lm", at("fit.aux.logLik_lm"), r.gaussian_with_precisions, 1e-9),
    Quantity("R.deviance", at("fit.deviance"), lambda f: f.default.deviance, near_r_theta, deviance_error),
    Quantity("R.null_deviance", at("fit.null_deviance"), lambda f: f.default.null_deviance, near_r_theta),
    Quantity("R.pearson_chi2", at("fit.pearson_chi2"), lambda f: f.default.pearson_chi2, near_r, deviance_error),
    Quantity("R.df_residual", at("fit.df_residual"), lambda f: f.default.df_resid, 0, differs),
    Quantity("R.df_null", at("fit.df_null"), lambda f: f.default.df_null, 0, differs),
    Quantity("R.n_params", at("fit.n_parameters"), lambda f: f.default.n_params, 0, differs),
    Quantity("R.rank", at("fit.rank"), lambda f: len(f.case.names) - len(f.default.aliased), 0, differs),
    Quantity(
        "R.aliased",
        aliased,
        lambda f: list(f.default.aliased),
        0,
        differs,
    ),
    Quantity("R.eta", at("fit.eta"), lambda f: f.default.linear_predictor, near_r, first_rows),
    Quantity("R.mu", at("fit.mu"), lambda f: f.default.fittedvalues, near_r, first_rows),
    *(
        Quantity(
            f"R.resid_{kind}",
            at(f"fit.residuals.{kind}"),
            lambda f, kind=kind: f.default.resid(kind),
            near_r,
            first_rows,
        )
        for kind in ("deviance", "pearson", "response", "working")
    ),
    *(
        Quantity(
            f"R.{theirs}",
            at(f"fit.influence.{theirs}"),
            lambda f, ours=ours, power=power: r.influence(f, ours, power),
            near_r_influence,
            first_counted,
        )
        for theirs, ours, power in (
            ("hat", "hat", 0),
            ("cooks_distance", "cooks_distance", -2),
            ("rstandard_deviance", "resid_standardized_deviance", -1),
            ("rstandard_pearson", "resid_standardized_pearson", -1),
        )
    ),
    Quantity("R.ci", wald_interval, r.interval, LAGGED, in_r_se),
    *(
        Quantity(
            f"R.predict_{theirs}",
            at(f"fit.predict.{theirs}"),
            lambda f, which=which: r.prediction(f, which),
            near_r,
            plain(measure.of_largest),
        )
        for theirs, which in (("eta", "linear"), ("mu", "mean"))
    ),
    *(
        Quantity(
            f"R.predict_{theirs}",
            at(f"fit.predict.{theirs}"),
            lambda f, column=column: r.prediction_frame(f, column) * r.scale(f),
            LAGGED,
            plain(measure.relative),
        )
        for theirs, column in (("eta_se", "linear_se"), ("mu_se", "mean_se"))
    ),
)
