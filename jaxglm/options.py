"""HOST: what a user chose: words become objects, and the response becomes what the likelihood sees."""

import difflib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any

import numpy as np

from . import families as fam
from . import links as lnk
from .frame import ModelFrame, without_intercept
from .jeffreys import Jeffreys, MeanBias
from .penalties import Penalty

FAMILIES = {
    "gaussian": fam.Gaussian, "normal": fam.Gaussian, "binomial": fam.Binomial, "bernoulli": fam.Binomial,
    "poisson": fam.Poisson, "gamma": fam.Gamma, "inverse_gaussian": fam.InverseGaussian,
    "inverse.gaussian": fam.InverseGaussian, "invgauss": fam.InverseGaussian, "negbin": fam.NegativeBinomial,
    "multinomial": fam.Multinomial, "ordinal": fam.Ordinal, "cumulative": fam.Ordinal,
    "conditional_logit": fam.ConditionalLogit, "clogit": fam.ConditionalLogit,
    "continuation_ratio": fam.ContinuationRatio, "adjacent_category": fam.AdjacentCategory,
    "negative_binomial": fam.NegativeBinomial, "exponential": fam.Exponential, "geometric": fam.Geometric,
    "quasipoisson": fam.Quasi(fam.Poisson()), "quasibinomial": fam.Quasi(fam.Binomial()),
    "student_t": fam.StudentT, "t": fam.StudentT, "lognormal": fam.LogNormal, "weibull": fam.Weibull,
    "loglogistic": fam.LogLogistic, "logistic": fam.Logistic, "gumbel": fam.Gumbel, "beta": fam.Beta,
    "ordered_beta": fam.OrderedBeta, "zero_one_inflated_beta": fam.zero_one_inflated(), "zoib": fam.zero_one_inflated(),
    "laplace": fam.Laplace, "quantile": fam.AsymmetricLaplace, "tweedie": fam.Tweedie, "negbin1": fam.NegativeBinomial1,
    "nb1": fam.NegativeBinomial1, "nb2": fam.NegativeBinomial, "negbin_p": fam.NegativeBinomialP,
    "generalised_poisson": fam.GeneralisedPoisson, "generalized_poisson": fam.GeneralisedPoisson,
    "compois": fam.ConwayMaxwellPoisson, "conway_maxwell_poisson": fam.ConwayMaxwellPoisson,
    "beta_binomial": fam.BetaBinomial, "betabinomial": fam.BetaBinomial,
    "poisson_inverse_gaussian": fam.PoissonInverseGaussian, "pig": fam.PoissonInverseGaussian,
    "zip": fam.zero_inflated(fam.Poisson()), "zinb": fam.zero_inflated(fam.NegativeBinomial()),
    "hurdle_poisson": fam.hurdle(fam.Poisson()), "hurdle_negbin": fam.hurdle(fam.NegativeBinomial()),
    "hurdle_gamma": fam.hurdle(fam.Gamma()), "ztpoisson": fam.truncated(fam.Poisson(), 1),
    "ztnegbin": fam.truncated(fam.NegativeBinomial(), 1),
}  # fmt: skip
LINKS = {
    "identity": lnk.Identity, "log": lnk.Log, "logit": lnk.Logit, "probit": lnk.Probit, "cloglog": lnk.CLogLog,
    "loglog": lnk.LogLog, "cauchit": lnk.Cauchit, "inverse": lnk.Inverse, "inverse_squared": lnk.InverseSquared,
    "sqrt": lnk.Sqrt, "softplus": lnk.SoftPlus,
}  # fmt: skip

PENALTIES = {"jeffreys": Jeffreys, "mean_bias": MeanBias}
OBSERVED = {"Surv": fam.censored, "between": fam.interval_censored}  # words on the left of a formula


class FitWarning(UserWarning):
    """A fit did not converge; its status says why and what to do."""


@dataclass(frozen=True)
class Options:
    """What a user chose besides the data."""

    family: fam.Family
    dispersion: str | float = "pearson"
    aliased: str = "drop"
    penalty: Penalty | None = None

    def __post_init__(self):
        words = ("pearson", "deviance", "ml")
        known = self.dispersion in words if isinstance(self.dispersion, str) else (
            np.ndim(self.dispersion) == 0 and self.dispersion > 0)
        if not known:
            raise ValueError(f"dispersion must be {', '.join(words)} or a positive number; it is {self.dispersion!r}.")
        if self.aliased not in ("drop", "raise"):
            raise ValueError(f"aliased must be 'drop' or 'raise'; it is {self.aliased!r}.")


def resolve_family(family, link=None) -> fam.Family:
    """The family object for a word or an object, with another link for its first parameter if one is given."""
    words = isinstance(family, str) and (link is None or isinstance(link, str))
    return _of_words(family, link) if words else _resolved(family, link)


@lru_cache(maxsize=256)
def _of_words(family: str, link: str | None) -> fam.Family:
    """One object for all fits, which then knows its traits: to find them takes a tenth of a small fit."""
    return _resolved(family, link)


def _resolved(family, link) -> fam.Family:
    chosen = _word(family, FAMILIES, "family") if isinstance(family, str) else family
    chosen = chosen() if isinstance(chosen, type) else chosen
    if not isinstance(chosen, fam.Family):
        raise ValueError(f"family must be a word or a Family; it is {family!r}. Words: {', '.join(FAMILIES)}.")
    chosen.check_numbers()
    if link is None:
        return chosen
    found = _word(link, LINKS, "link")() if isinstance(link, str) else link
    if not chosen.parameters:
        raise ValueError(f"{chosen.name} has no parameter before its classes are known; leave out link=.")
    return chosen.with_links(**{chosen.parameters[0]: found})


def as_observed(family: fam.Family, formula: str) -> fam.Family:
    """The family of what is seen of its response, as the word on the left of a formula says: Surv or between."""
    word = formula.split("(")[0].strip()
    if word not in OBSERVED or family.support.reading == "bounds":
        return family
    if family.support.reading == "classes":
        raise ValueError(f"{word}(...) says between which bounds a number is; {family.name} has classes.")
    family.check_density(f"responses {word}(...)")
    return OBSERVED[word](family)


def resolve_penalty(penalty) -> Penalty | None:
    """The penalty object for the word "jeffreys" or "mean_bias", or a penalty itself."""
    chosen = _word(penalty, PENALTIES, "penalty")() if isinstance(penalty, str) else penalty
    if chosen is None or isinstance(chosen, Penalty):
        return chosen
    raise ValueError(f"penalty must be 'jeffreys', 'mean_bias' or a Penalty such as Ridge(0.1); it is {penalty!r}.")


def _word(word: str, table: dict, what: str):
    key = word.lower().replace(" ", "_").replace("-", "_")
    if key in table:
        return table[key]
    near = difflib.get_close_matches(key, table, n=1)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    raise ValueError(f"unknown {what} {word!r}.{hint} Words: {', '.join(table)}; or pass a {what} object.")


def for_frame(options: Options, frame: ModelFrame) -> tuple[Options, ModelFrame]:
    """Options and frame after the family has seen the classes of the response, or the sizes of the sets. Where further
    parameters do what an intercept would, or nothing can, the frame loses its own."""
    check_sets(options, frame.sets is not None, frame.modelled)
    check_response(options.family, frame)
    family, number = with_classes(options.family, frame.levels)
    if number is not None:
        frame = replace(frame, y=number[np.asarray(frame.y, int)], levels=family.support.levels)
    family = of_sets(family, frame)
    options = options if family is options.family else replace(options, family=family)
    return options, without_intercept(frame) if family.absorbs_intercept else frame


def with_classes(family: fam.Family, found: tuple[str, ...]) -> tuple[fam.Family, np.ndarray | None]:
    """The family of a response with the classes `found`. One that has levels keeps them: then also the number of each
    of these classes among its own. Raises: ValueError for a class that is none of the levels."""
    levels = family.support.levels if found else ()
    if not levels or levels == found:
        return family.with_levels(found), None
    words = levels if set(found) & set(levels) else tuple(map(str, range(len(levels))))
    unknown = [name for name in found if name not in words]
    if unknown:
        raise ValueError(f"the response has the class {unknown[0]!r}, which is none of the levels of {family.name}: "
                         f"{', '.join(levels)}. Give these names, or their numbers 0 to {len(levels) - 1}.")
    return family, np.asarray([words.index(name) for name in found], float)


def of_sets(family: fam.Family, frame: ModelFrame) -> fam.Family:
    """The family of a frame: where observations are sets of rows, as many predictors are tied as the largest has
    rows."""
    return family if frame.sets is None else family.with_tied(int(np.max(frame.sets.sizes, initial=1)))


def check_sets(options: Options, given: bool, further: Sequence[str]) -> None:
    """Raises ValueError unless sets are given for a family of sets, and only there, and no more than these can have."""
    family = options.family
    if family.tied is not None and not given:
        raise ValueError(f"{family.name} needs sets=: the column or array that tells which rows are the alternatives "
                         "of one choice.")
    if family.tied is None and given:
        raise ValueError(f"sets= is for choices among rows, family='conditional_logit'; an observation of "
                         f"{family.name} is one row.")
    if family.tied is not None and further:
        raise ValueError(f"{family.name} has one design, that of the alternatives; there is one for {further[0]!r}.")
    check_penalty(options.penalty, family)


def check_penalty(penalty: Penalty | None, family: fam.Family) -> None:
    """Raises ValueError where the family takes no penalty."""
    if penalty is not None and family.tied is not None:
        raise ValueError(f"penalty= is not available for {family.name}.")


def check_response(family: fam.Family, frame: ModelFrame) -> None:
    """Raises ValueError for a response of another kind than the family's."""
    pairs, bounds = family.support.pairs, family.support.reading == "bounds"
    if isinstance(frame.y, tuple) and not pairs and not bounds:
        raise ValueError(f"{family.name} takes one response; (successes, trials) are for family='binomial'.")
    if frame.success not in (None, "True") and not pairs:
        raise ValueError(
            f"{frame.response} holds words, of which {frame.success!r} would count as 1; {family.name} needs "
            "numbers. Use family='binomial', or code the response."
        )


@dataclass(frozen=True)
class Response:
    """What the likelihood sees of the response: y or (successes, trials), and the weights that multiply it."""

    y: Any
    weights: np.ndarray | None
    counted: np.ndarray = field(repr=False)  # how often each row counts in n

    @classmethod
    def of(cls, frame: ModelFrame, family: fam.Family) -> "Response":
        weights = frame.of_observations(frame.weights, "weights")
        frequency = frame.of_observations(frame.freq_weights, "freq_weights")
        y = frame.y
        pairs = family.support.pairs
        if pairs and not isinstance(y, tuple) and weights is not None and np.all((y >= 0) & (y <= 1)):
            y, weights = (weights * y, weights), None  # proportions: the weights are the trials
        if frame.sets is None:
            family.support.check(y, family.name)
        else:
            y = frame.sets.chosen(np.asarray(y), frame.response).astype(float), frame.sets.sizes.astype(float)
        used = None if weights is None else (weights > 0).astype(float)
        if isinstance(y, tuple) and pairs:
            used = (y[1] > 0).astype(float) if used is None else used * (y[1] > 0)
        parts = [a for a in (weights, frequency, None if used is None or used.all() else used) if a is not None]
        counts = [a for a in (used, frequency) if a is not None]
        counted = np.prod(counts, axis=0) if counts else np.ones(len(y[0]) if isinstance(y, tuple) else len(y))
        return cls(y, np.prod(parts, axis=0) if parts else None, counted)


def check_dispersion(options: Options, modelled: tuple[str, ...]) -> None:
    """Raises ValueError where a dispersion is said to be known and has a formula."""
    name = options.family.dispersion
    if name in modelled and not isinstance(options.dispersion, str):
        raise ValueError(f"{name} of {options.family.name} has a formula, but dispersion={options.dispersion!r} says "
                         "that it is known. Leave out one of them.")


def unit_dispersion(family: fam.Family, modelled: tuple[str, ...] = ()) -> fam.Family:
    """The family with its dispersion at 1: coefficients of the mean do not depend on it. Where further parameters are
    estimated, or the dispersion is `modelled` itself, it is a parameter like any other."""
    return family if family.dispersion in modelled else family.at_unit_dispersion
