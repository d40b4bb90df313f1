"""Choices among rows in batches: every member is the single fit of its rows, whatever its sets, its company, and what
is wrong with the others."""

import os
import subprocess
import sys

import jax.numpy as jnp
import numpy as np
import pandas as pd
import polars
import pytest
from scipy.optimize import minimize
from scipy.special import logsumexp
from statsmodels.discrete import conditional_models as discrete

import jaxglm as jg
from jaxglm.pytree import pytree
from tests.batches import agree, close, same

FORMULA = "chosen ~ price + time"
MARKETS = {"north": (60, 2, 4), "east": (35, 2, 3), "south": (50, 3, 7), "west": (30, 2, 2)}  # sets, fewest, most rows
INVALID = jg.Status.INVALID_DATA


def choices(rng, n: int, fewest: int, most: int) -> pd.DataFrame:
    """Sets with gumbel errors; cases are numbered from 0."""
    sizes = rng.integers(fewest, most + 1, n)
    sizes[0] = most
    case = np.repeat(np.arange(n), sizes)
    made = pd.DataFrame({"case": case, "price": rng.normal(size=len(case)), "time": rng.normal(size=len(case))})
    utility = -made.price - 0.6 * made.time + rng.gumbel(size=len(case))
    made["chosen"] = (utility == utility.groupby(case).transform("max")).astype(int)
    made["w"], made["times"] = (1 + rng.integers(3, size=(2, n)))[:, case]
    made["o"], made["income"] = rng.normal(size=len(case)), rng.normal(size=n)[case]
    return made


def markets(seed: int = 0) -> pd.DataFrame:
    """Choices in several markets, in each of which cases are numbered from 0; rows in any order."""
    rng = np.random.default_rng(seed)
    made = [choices(rng, *kind).assign(market=name) for name, kind in MARKETS.items()]
    return pd.concat(made).sample(frac=1.0, random_state=4).reset_index(drop=True)


FRAME = markets()


def by_market(formula=FORMULA, frame=FRAME, **sides):
    return jg.glm(formula, frame, family="conditional_logit", **{"sets": "case", "by": "market"} | sides)


def alone(market, formula=FORMULA, frame=FRAME, **sides):
    """The single fit of a market."""
    return jg.glm(formula, frame[frame.market == market], family="conditional_logit", **{"sets": "case"} | sides)


def quietly(call):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("warnings.warn", lambda *_, **__: None)
        return call()


@pytest.fixture(scope="module")
def fits():
    return by_market()


# ---------------------------------------------------------------- groups of a frame


@pytest.mark.parametrize("market", MARKETS)
def test_a_group_is_the_single_fit_of_its_rows(fits, market):
    """Case numbers restart in each market: a set is the rows of one group with one label."""
    one, i = alone(market), fits.labels.index(market)
    agree(fits, i, one)
    agree(fits, i, fits[market], 1e-8)
    assert fits.nobs[i] == MARKETS[market][0]
    assert fits[market].family.alternatives == MARKETS[market][2]


def test_a_member_is_a_full_result(fits):
    rows = FRAME[FRAME.market == "south"]
    one, member = alone("south"), fits["south"]
    close(member.predict(), one.predict(), 1e-9, "probabilities")
    close(member.predict(rows.head(20)), one.predict(rows.head(20)), 1e-9, "new rows")
    close(member.resid("pearson"), one.resid("pearson"), 1e-8, "residuals", atol=1e-9)
    close(member.resid("deviance"), one.resid("deviance"), 1e-8, "residuals of sets", atol=1e-9)
    close(member.with_cov("HC1").bse, one.with_cov("HC1").bse, 1e-9, "HC1")
    close(member.avg_slopes("price")["estimate"], one.avg_slopes("price")["estimate"], 1e-9, "slopes")
    assert list(member.frame.rows) == list(rows.index)
    assert member.frame.sets.labels == one.frame.sets.labels
    assert "Conditional logit" in str(member.summary())


@pytest.mark.parametrize("sides", [
    {"weights": "w"}, {"freq_weights": "times"}, {"offset": "o"}, {"weights": "w", "freq_weights": "times"},
], ids="-".join)  # fmt: skip
def test_side_columns(sides):
    found = by_market(**sides)
    for i, market in enumerate(found.labels):
        agree(found, i, alone(market, **sides))


def test_sets_as_an_array_and_offsets_in_a_formula():
    found = by_market("chosen ~ price + offset(0.3 * time)", sets=FRAME["case"].to_numpy())
    for i, market in enumerate(found.labels):
        agree(found, i, alone(market, "chosen ~ price + offset(0.3 * time)"))


def test_several_columns_of_groups():
    frame = FRAME.assign(half=FRAME.case % 2)
    found = by_market(frame=frame, by=["market", "half"])
    assert len(found) == 8
    for i, (market, half) in enumerate(found.labels):
        agree(found, i, alone(market, frame=frame[frame.half == half]))


def test_labels_that_occur_once_and_labels_that_restart_are_the_same_sets(fits):
    """As do words, and other frames."""
    once = FRAME.assign(case=FRAME.market + FRAME.case.astype(str))
    same(by_market(frame=once), fits)
    same(by_market(frame=polars.from_pandas(FRAME)), fits)


def test_order_does_not_matter(fits):
    shuffled = FRAME.sample(frac=1.0, random_state=9).reset_index(drop=True)
    again = by_market(frame=shuffled)
    close(again.params, fits.params, 1e-9, "params")
    close(again.bse, fits.bse, 1e-9, "bse")
    renamed = FRAME.assign(market=FRAME.market.map({"north": "d", "east": "c", "south": "a", "west": "b"}))
    order = ["abcd".index(k) for k in ("c", "d", "a", "b")]  # of east, north, south, west
    same(by_market(frame=renamed), fits, at_a=order)


def test_a_missing_value_drops_its_set_in_its_group_alone():
    """Case 3 occurs in every market: it loses the one with the missing value; so do rows without a label or a group."""
    hole = FRAME.copy()
    hole.loc[hole.index[(hole.market == "north") & (hole.case == 3)][0], "price"] = np.nan
    lost = (FRAME.market == "north") & (FRAME.case == 3)
    hole["case"] = hole["case"].astype(object)
    unnamed = (FRAME.market == "east") & (FRAME.case == 5)
    hole.loc[unnamed, "case"] = None
    nowhere = (FRAME.market == "west") & (FRAME.case == 2)
    hole.loc[nowhere, "market"] = None
    found = by_market(frame=hole)
    assert found.n_dropped == (lost | unnamed).sum()
    for i, market in enumerate(found.labels):
        agree(found, i, alone(market, frame=FRAME[~(lost | unnamed | nowhere)]))
    with pytest.raises(ValueError, match="no complete set is left"):
        by_market(frame=FRAME.assign(price=np.where(FRAME.chosen, np.nan, FRAME.price)))


def test_columns_that_are_constant_within_sets_have_no_coefficient():
    """In every market, or in one; a member has what its single fit has."""
    frame = FRAME.assign(z=np.where(FRAME.market == "east", FRAME.income, FRAME.o))
    frame["twice"] = np.where(frame.market == "west", 2 * frame.price, frame.time * frame.price)
    found = by_market("chosen ~ 1 + income + price + z + twice", frame)
    assert found.names == ("income", "price", "z", "twice")
    for i, market in enumerate(found.labels):
        one = alone(market, "chosen ~ 1 + income + price + z + twice", frame)
        agree(found, i, one)
        agree(found, i, found[market], 1e-8)
    assert np.isnan(found.params).sum() == 6
    nothing = quietly(lambda: by_market("chosen ~ income"))
    assert np.isnan(nothing.params).all()
    assert not nothing.converged.any()


def without(market, case, row):
    """A market in which a case lacks a row: the chosen one, or another."""
    of = (FRAME.market == market) & (FRAME.case == case)
    return FRAME[~of | (FRAME.chosen != row)].reset_index(drop=True)


def changed(market, case, chosen, value):
    frame = FRAME.assign(chosen=FRAME.chosen.astype(float), w=1.0)
    at = frame.index[(frame.market == market) & (frame.case == case) & (frame.chosen == chosen)][:1]
    frame.loc[at, "chosen"] = value
    return frame


BAD = {
    "none chosen": changed("east", 4, 1, 0),
    "two chosen": changed("east", 4, 0, 1),
    "a set of one row": without("east", 4, 0),
    "the chosen row is lost": without("east", 4, 1),
    "a count": changed("east", 4, 1, 2),
    "a share": changed("east", 4, 0, 0.5),
    "weights that differ": FRAME.assign(w=np.where((FRAME.market == "east") & (FRAME.case == 4), FRAME.index, 1.0)),
}


@pytest.mark.parametrize("case", BAD)
def test_a_bad_group_touches_no_other(fits, case):
    """What a single fit says of the data as an error is the status of the member."""
    weights = {"weights": "w"} if "w" in case[:1] else {}
    with pytest.warns(jg.FitWarning, match="1 of 4 fits did not converge: 1 INVALID_DATA"):
        found = by_market(frame=BAD[case], **weights)
    i = found.labels.index("east")
    with pytest.raises(ValueError, match=r"exactly one|no choice|must be"):
        alone("east", frame=BAD[case], **weights)
    assert list(found.failed()) == [i]
    assert found.status[i] == INVALID
    assert np.isnan(found.params[i]).all()
    assert np.isnan([found.llf[i], found.aic[i], *found.bse[i]]).all()
    others = np.arange(4) != i
    same(found, fits, others, others)
    with pytest.raises(ValueError, match=r"'east' was not fitted: .* not exactly one was chosen"):
        found["east"]


def test_a_set_of_weight_zero_may_be_anything():
    bad = BAD["none chosen"].assign(w=np.where((BAD["none chosen"].case == 4), 0.0, 1.0))
    found = by_market(frame=bad, weights="w")
    for i, market in enumerate(found.labels):
        one = alone(market, frame=bad[bad.w > 0])
        agree(found, i, one)
        agree(found, i, found[market], 1e-8)


def test_separated_groups():
    """A price that tells the choice in one market; it has the status and the limit that a single fit has."""
    perfect = FRAME.assign(price=np.where(FRAME.market == "south", FRAME.chosen + 0.01 * FRAME.time, FRAME.price))
    found = quietly(lambda: by_market("chosen ~ price", perfect))
    for i, market in enumerate(found.labels):
        agree(found, i, quietly(lambda market=market: alone(market, "chosen ~ price", perfect)))
    assert found.status_counts == {"CONVERGED": 3, "SEPARATED": 1}


def test_against_statsmodels(fits):
    for i, market in enumerate(fits.labels):
        rows = FRAME[FRAME.market == market].sort_values("case")
        truth = discrete.ConditionalLogit(rows.chosen, rows[["price", "time"]], groups=rows.case).fit(disp=0)
        np.testing.assert_allclose(fits.params[i], truth.params, atol=1e-4)
        np.testing.assert_allclose(fits.bse[i], truth.bse, rtol=1e-3)
        np.testing.assert_allclose(fits.llf[i], truth.llf, rtol=1e-8)


def test_groups_that_see_the_same_cards_share_their_design():
    """As in a conjoint study: members are stacked, and the design is stored once."""
    rng = np.random.default_rng(5)
    cards = choices(rng, 30, 2, 4)[["case", "price", "time"]]
    people = []
    for who in range(6):
        utility = -cards.price - 0.6 * cards.time + rng.gumbel(size=len(cards))
        picked = utility == utility.groupby(cards.case).transform("max")
        people.append(cards.assign(market=f"p{who}", chosen=picked.astype(int)))
    frame = pd.concat(people, ignore_index=True)
    found = by_market(frame=frame)
    assert found.data.shared
    for i, market in enumerate(found.labels):
        agree(found, i, alone(market, frame=frame))
        agree(found, i, found[i], 1e-8)
    assert list(found[3].frame.rows) == list(frame.index[frame.market == "p3"])
    apart = frame.assign(case=frame.market + frame.case.astype(str))
    assert by_market(frame=apart)["p2"].frame.sets.labels == alone("p2", frame=apart).frame.sets.labels
    same(by_market(frame=apart), found)


# ---------------------------------------------------------------- arrays

B, SETS = 5, 40
rng = np.random.default_rng(7)
CARDS = choices(rng, SETS, 2, 4)
N, LABELS = len(CARDS), CARDS["case"].to_numpy()
X = CARDS[["price", "time"]].to_numpy()
OWN = rng.normal(size=(B, N, 2))


def drawn(rng, X, labels, offset=0.0):
    """Responses (n,) of rows in sets."""
    utility = pd.Series(X @ [-1.0, -0.6] + offset + rng.gumbel(size=len(X)))
    return (utility == utility.groupby(labels).transform("max")).to_numpy(float)


Y = np.stack([drawn(rng, X, LABELS) for _ in range(B)])
Y_OWN = np.stack([drawn(rng, OWN[i], LABELS) for i in range(B)])
W = (1.0 + rng.integers(3, size=(B, SETS)))[:, LABELS]
OFFSET = rng.normal(size=(B, N))
OTHER = np.stack([rng.permutation(LABELS) for _ in range(B)])  # labels that members have for themselves
Y_OTHER = np.stack([drawn(rng, OWN[i], OTHER[i]) for i in range(B)])
MASK = np.ones((B, N), bool)
MASK[:, LABELS == 3] = False
FREE = np.isin(LABELS, np.flatnonzero(np.bincount(LABELS) > 2))
for i in range(B):  # alternatives that were not to be had
    MASK[i, np.flatnonzero((Y[i] == 0) & FREE)[i::20]] = False


def batch(X=X, Y=Y, **given):
    return jg.fit_batch("conditional_logit", X, Y, **{"sets": LABELS} | given)


def single(i, X=X, Y=Y, *, mask=None, sets=LABELS, **sides):
    """The single fit of a member: the rows that its mask has."""
    own = lambda a, rank: a[i] if isinstance(a, list) or np.ndim(a) > rank else a  # noqa: E731
    used = slice(None) if mask is None else own(mask, 1)
    sides = {k: own(v, 1)[used] for k, v in (sides | {"sets": sets}).items()}
    return jg.GLM(own(Y, 1)[used], own(X, 2)[used], family="conditional_logit", **sides).fit()


GIVEN = {
    "a shared design": {},
    "own designs": dict(X=OWN, Y=Y_OWN),
    "own sets": dict(X=OWN, Y=Y_OTHER, sets=OTHER),
    "own sets, one design": dict(Y=np.stack([drawn(rng, X, OTHER[i]) for i in range(B)]), sets=OTHER),
    "weights": dict(weights=W),
    "shared weights": dict(weights=W[0]),
    "frequencies": dict(X=OWN, Y=Y_OWN, freq_weights=W),
    "weights of both kinds": dict(weights=W, freq_weights=W[::-1]),
    "offsets": dict(offset=OFFSET, X=OWN, Y=Y_OWN),
    "a shared offset": dict(offset=OFFSET[0]),
    "a mask": dict(mask=LABELS != 3),
    "own masks": dict(mask=MASK, weights=W, offset=OFFSET),
}


@pytest.mark.parametrize("case", GIVEN)
def test_a_member_is_the_single_fit_of_its_arrays(case):
    given = GIVEN[case]
    found = batch(**given)
    assert found.converged.all()
    for i in range(B):
        agree(found, i, single(i, **given))
        agree(found, i, found[i], 1e-8)


def ragged():
    """Members of different lengths, sets and largest sets."""
    rng = np.random.default_rng(11)
    frames = [choices(rng, n, 2, most) for n, most in ((20, 3), (33, 5), (25, 2), (60, 9))]
    lists = dict(X=[f[["price", "time"]].to_numpy() for f in frames], Y=[f.chosen.to_numpy() for f in frames],
                 sets=[f.case.to_numpy() for f in frames])  # fmt: skip
    return lists, dict(weights=[f.w.to_numpy() for f in frames], offset=[f.o.to_numpy() for f in frames],
                       freq_weights=[f.times.to_numpy() for f in frames])  # fmt: skip


@pytest.mark.parametrize("with_sides", [False, True])
def test_ragged_members(with_sides):
    given, sides = ragged()
    given |= sides if with_sides else {}
    found = batch(**given)
    for i in range(len(found)):
        agree(found, i, single(i, **given))
        agree(found, i, found[i], 1e-8)
    mask = [np.isin(s, np.unique(s)[2:]) for s in given["sets"]]
    masked = batch(**given, mask=mask)
    for i in range(len(found)):
        agree(masked, i, single(i, **given, mask=mask))


def test_by_brute_force():
    """The plain log-likelihood of every member, by SciPy."""
    found = batch(X=OWN, Y=Y_OTHER, sets=OTHER, offset=OFFSET)
    for i in range(B):
        def minus(beta, i=i):
            eta = OWN[i] @ beta + OFFSET[i]
            return -sum(eta[rows][Y_OTHER[i][rows] == 1][0] - logsumexp(eta[rows])
                        for rows in (OTHER[i] == s for s in range(SETS)))

        truth = minimize(minus, np.zeros(2), tol=1e-12)
        np.testing.assert_allclose(found.params[i], truth.x, atol=2e-5)
        np.testing.assert_allclose(found.llf[i], -truth.fun, rtol=1e-10)


def test_members_and_rows_in_any_order():
    found = batch(X=OWN, Y=Y_OWN, weights=W)
    order, rows = rng.permutation(B), rng.permutation(N)
    same(batch(X=OWN[order], Y=Y_OWN[order], weights=W[order]), found, at_b=order)
    again = batch(X=OWN[:, rows], Y=Y_OWN[:, rows], weights=W[:, rows], sets=LABELS[rows])
    close(again.params, found.params, 1e-9, "params")
    close(again.llf, found.llf, 1e-12, "llf")
    same(batch(X=OWN, Y=Y_OWN, weights=W, sets=[f"case {k}" for k in LABELS]), found)
    same(batch(X=OWN[:2], Y=Y_OWN[:2], weights=W[:2]), found, at_b=[0, 1])


def hostile():
    """Arguments with members that have no fit, and which members those are."""
    X, Y, sets, weights = OWN.copy(), Y_OWN.copy(), np.stack([LABELS.astype(object)] * B), W.copy()
    X, Y, sets, weights = (np.concatenate([a, a[:4]]) for a in (X, Y, sets, weights))
    Y[0, LABELS == 2] = 0
    Y[2, np.flatnonzero(LABELS == 2)[:2]] = 1
    X[3, 5, 0] = np.nan
    weights[5, 4] += 1
    sets[6, 9] = None
    sets[7, np.flatnonzero(LABELS == 6)[0]] = 99
    return dict(X=X, Y=Y, sets=sets, weights=weights), np.array([0, 2, 3, 5, 6, 7])


@pytest.mark.filterwarnings("ignore:overflow")
def test_hostile_members_touch_nobody():
    given, bad = hostile()
    found = quietly(lambda: batch(**given))
    good = np.setdiff1d(np.arange(9), bad)
    assert (found.status[bad] == INVALID).all()
    assert found.converged[good].all()
    for i in good:
        agree(found, i, single(i, **given))
    same(batch(**{k: v[good] for k, v in given.items()}), found, at_b=good)
    given["X"][1] = 1e300 * np.sign(given["X"][1])
    given["X"][4, :, 0] = given["X"][4, :, 1]
    again = quietly(lambda: batch(**given))
    same(again, found, [8], [8])
    assert np.isnan(again.params[4, 1])
    agree(again, 4, single(4, **given))


@pytest.mark.parametrize("design", [X, OWN], ids=["shared", "own"])
def test_collinear_and_separated_members(design):
    wide = np.concatenate([design, LABELS[:, None] * np.ones_like(design[..., :1]), design[..., :1] * 2], axis=-1)
    if wide.ndim == 3:
        wide[0, :, 3] = OFFSET[0]
        wide[1, :, 2] = Y_OWN[1] + 0.01 * OFFSET[1]
    targets = Y if design.ndim == 2 else Y_OWN
    found = quietly(lambda: batch(X=wide, Y=targets))
    for i in range(B):
        agree(found, i, quietly(lambda i=i: single(i, X=wide, Y=targets)))
    nan = np.isnan(found.params)
    assert nan[2:].tolist() == [[False, False, True, True]] * (B - 2)
    if wide.ndim == 3:
        assert found.status[1] == jg.Status.SEPARATED
        assert nan[0].tolist() == [False, False, True, False]


def test_columns_that_nearly_depend():
    """A well-conditioned basis, as a single fit has it, of a design that all share or of one member."""
    near = np.column_stack([X, X[:, 0] + 1e-7 * OFFSET[0]])
    found = batch(X=near)
    for i in range(B):
        one = single(i, X=near)
        assert np.max(np.abs(found.params[i] - one.params) / one.bse) < 1e-6
        close(found.llf[i], one.llf, 1e-9, "llf")
    own = np.concatenate([OWN, OFFSET[..., None]], axis=2)
    own[2] = near
    targets = Y_OWN.copy()
    targets[2] = Y[2]
    one, found = single(2, X=own, Y=targets), batch(X=own, Y=targets)
    assert np.max(np.abs(found.params[2] - one.params) / one.bse) < 1e-6


# ---------------------------------------------------------------- what a batch can do


@pytest.mark.parametrize("kind", ["observed", "opg", "HC0", "HC1", "HC3"])
def test_other_standard_errors(fits, kind):
    for found, one in ((fits, alone("south")), (batch(weights=W), single(3, weights=W))):
        i = found.labels.index("south") if found.labels else 3
        other = found.with_cov(kind)
        close(other.bse[i], one.with_cov(kind).bse, 1e-9, kind)
        close(other[i].bse, other.bse[i], 1e-9, kind)


@pytest.mark.parametrize("method", ["profile", "score"])
def test_limits(fits, method):
    found = fits.conf_int(method=method)
    for i, market in enumerate(fits.labels):
        close(found[i], alone(market).conf_int(method=method), 1e-6, method)
    table = fits.limits("price").to_frame()
    assert list(table.market) == fits.labels


@pytest.mark.parametrize("precision", ["mixed", "float32"])
def test_precision(precision):
    exact, found = batch(X=OWN, Y=Y_OWN), batch(X=OWN, Y=Y_OWN, precision=precision)
    step = np.abs(exact.params - found.params) / exact.bse
    assert (step < (1e-9 if precision == "mixed" else 1e-3)).all()
    assert found.converged.all()
    assert np.isfinite(found.accuracy).all() == (precision == "float32")


def test_chunks_starts_and_solvers():
    exact = batch(X=OWN, Y=Y_OWN)
    same(batch(X=OWN, Y=Y_OWN, chunk=2), exact)
    close(batch(X=OWN, Y=Y_OWN, start=exact.params).params, exact.params, 1e-9, "params")
    short = quietly(lambda: batch(X=OWN, Y=Y_OWN, solver=jg.Newton(max_steps=1)))
    assert not short.converged.any()
    close(short.refit(solver=jg.Newton()).params, exact.params, 1e-9, "params")


def test_refits_of_groups():
    short = quietly(lambda: by_market(solver=jg.Newton(max_steps=1)))
    close(short.refit(solver=jg.Newton()).params, by_market().params, 1e-9, "params")
    again = by_market().refit(["south", "south"])
    close(again.params, by_market().params, 1e-9, "params")
    with pytest.raises(ValueError, match="penalty= is not available for ConditionalLogit"):
        short.refit(penalty="jeffreys")


def test_tables_and_pictures(fits):
    table = fits.tidy(adjust="bh")
    assert list(table.columns[:3]) == ["market", "term", "estimate"]
    assert list(table.term[:2]) == ["price", "time"]
    assert list(fits.glance().nobs) == [MARKETS[m][0] for m in fits.labels]
    assert repr(fits) == "<BatchResults ConditionalLogit 4 members x 2 coefficients: 4 converged>"
    picture = jg.plot.volcano_data(fits, "price")
    assert len(picture["estimate"]) == 4


@pytest.mark.parametrize("given", ["groups", "arrays", "ragged"])
def test_files(fits, given, tmp_path):
    found = {"groups": lambda: fits, "arrays": batch, "ragged": lambda: batch(**ragged()[0])}[given]()
    found.save(tmp_path / "fits.npz")
    again = jg.load(tmp_path / "fits.npz")
    same(again, found)
    close(again[1].predict(), found[1].predict(), 1e-12, "probabilities")
    close(again.with_cov("HC0").bse, found.with_cov("HC0").bse, 1e-12, "HC0")


MESHED = """
import jax, numpy as np
import jaxglm as jg
from tests.test_batch_choices import OWN, Y_OWN, LABELS
mesh = jax.make_mesh((2,), ("members",))
found, plain = (jg.fit_batch("clogit", OWN, Y_OWN, sets=LABELS, mesh=m) for m in (mesh, None))
np.testing.assert_allclose(found.params, plain.params, rtol=1e-9)
"""


def test_devices():
    flags = {"XLA_FLAGS": "--xla_force_host_platform_device_count=2", "JAX_PLATFORMS": "cpu"}
    done = subprocess.run([sys.executable, "-c", MESHED], env=os.environ | flags, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytree
class Scaled(jg.ConditionalLogit):
    """A user's family of sets, with a parameter that all of them share: utilities are raised to a power."""

    scale: jg.Link = jg.Log()

    def loglik(self, y, utility, scale):
        bent = jnp.sinh(scale.value * utility.value) / scale.value
        return jg.ConditionalLogit.loglik(self, y, jg.links.Parameter(jg.Identity(), bent))


def test_a_family_of_a_user():
    """The mechanism is of all families with tied predictors; one may have shared parameters beside them."""
    given, _ = ragged()
    found = quietly(lambda: jg.fit_batch(Scaled(), **given))
    assert found.converged.sum() > 1
    assert found.names == ("x0", "x1", "log(scale)")
    for i in range(len(found)):
        one = quietly(lambda i=i: jg.GLM(given["Y"][i], given["X"][i], family=Scaled(), sets=given["sets"][i]).fit())
        agree(found, i, one)


def test_nothing_is_left():
    """Members whose rows are all masked; and where all are so."""
    mask = np.ones((B, N), bool)
    mask[2] = False
    found = quietly(lambda: batch(mask=mask))
    assert list(found.failed()) == [2]
    nobody = quietly(lambda: batch(mask=np.zeros((B, N), bool)))
    assert (nobody.status == INVALID).all()
    assert np.isnan(nobody.deviance).all()
    assert np.isnan(nobody.llf).all()


WRONG = {
    "no sets": (dict(sets=None), "ConditionalLogit needs sets="),
    "another family": (dict(family="binomial"), "sets= is for choices among rows"),
    "length": (dict(sets=LABELS[:7]), r"sets must be a label for each row, \(127,\) or \(5, 127\); .* \(7,\)"),
    "a name": (dict(sets="case"), r"sets must be a label for each row.* its shape is \(\)"),
    "a missing label": (
        dict(sets=np.where(LABELS == 4, np.nan, LABELS)), r"a label in every row; \d of 127 are missing \(first: row"),
    "weights": (dict(weights=np.arange(N)), r"weights must be the same in all rows of a set; in set 0"),
    "negative weights": (dict(weights=-W), "weights must be >= 0"),
    "trials": (dict(trials=W), "trials"),
    "a pair": (dict(Y=(Y, Y)), "takes one response"),
    "a penalty": (dict(penalty="jeffreys"), "penalty= is not available for ConditionalLogit"),
    "two designs": (dict(X={"utility": X, "scale": X}), "ConditionalLogit has one design"),
    "one list": (
        dict(X=[*OWN[:4], OWN[4][:9]], Y=[*Y_OWN[:4], Y_OWN[4][:9]]), "sets must be a list of 5 arrays"),
}


@pytest.mark.parametrize("case", WRONG)
def test_errors(case):
    changes, words = WRONG[case]
    with pytest.raises(ValueError, match=words):
        jg.fit_batch(**dict(family="conditional_logit", X=X, Y=Y, sets=LABELS) | changes)


def test_errors_of_formulas():
    with pytest.raises(ValueError, match=r"no column 'cases'.* Did you mean 'case'"):
        by_market(sets="cases")
    with pytest.raises(ValueError, match="chosen holds words"):
        by_market(frame=FRAME.assign(chosen=np.where(FRAME.chosen, "yes", "no")))
    with pytest.raises(ValueError, match="penalty= is not available"):
        by_market(penalty=jg.Ridge(1.0))
    with pytest.raises(ValueError, match="has one design"):
        by_market({"utility": FORMULA, "scale": "~ income"})
    with pytest.raises(ValueError, match="is one row"):
        jg.glm(FORMULA, FRAME, family="binomial", sets="case", by="market")
