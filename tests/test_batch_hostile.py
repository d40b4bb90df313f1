"""A hostile batch: bad members raise nothing, touch nobody, and say truthfully what became of them."""

import warnings

import numpy as np
import pytest

import jaxglm as jg
from tests.batches import Batch, N, agree, designs, same

GOOD = 9
FAMILIES = ("poisson", "binomial", "gamma")
DRAW = {
    "poisson": lambda rng: rng.poisson(3.0, N).astype(float),
    "binomial": lambda rng: rng.binomial(1, 0.4, N).astype(float),
    "gamma": lambda rng: rng.gamma(2.0, size=N),
}


class Own(dict):
    """One member's y, X, offset, weights; each spoils itself in one way."""

    def put(self, name: str, at, value) -> None:
        self[name][at] = value


def set_to(name, at, value):
    return lambda m: m.put(name, at, value)


def times(name, value):
    return lambda m: m.update({name: m[name] * value})


def separate(m):
    """Responses at their smallest wherever the last column is positive."""
    m["y"][m["X"][:, 2] > 0] = 0.0
    m["X"][:, 2] = m["X"][:, 2] > 0


SPOILED = {
    "a missing response": set_to("y", 3, np.nan),
    "an infinite response": set_to("y", 3, np.inf),
    "a response out of the support": set_to("y", 3, -1.0),
    "a missing X": set_to("X", (3, 1), np.nan),
    "an infinite X": set_to("X", (3, 1), -np.inf),
    "a missing offset": set_to("offset", 3, np.nan),
    "an infinite offset": set_to("offset", 3, np.inf),
    "a missing weight": set_to("weights", 3, np.nan),
    "zeros": times("y", 0.0),
    "a constant": set_to("y", slice(None), 1.0),
    "separated": separate,
    "a column twice": lambda m: m.put("X", (slice(None), 2), 3 * m["X"][:, 1]),
    "a column twice that comes before another": lambda m: m.put("X", (slice(None), 1), 2.0),
    "a column of zeros": set_to("X", (slice(None), 1), 0.0),
    "a column twice, and separated": lambda m: (m.put("X", (slice(None), 1), 2.0), separate(m)),
    "nothing but zeros in X": times("X", 0.0),
    "two rows": set_to("weights", slice(2, None), 0.0),
    "three rows": set_to("weights", slice(3, None), 0.0),
    "one row": set_to("weights", slice(1, None), 0.0),
    "no row": times("weights", 0.0),
    "a huge column": lambda m: m.put("X", (slice(None), 2), 1e150 * m["X"][:, 2]),
    "a tiny column": lambda m: m.put("X", (slice(None), 2), 1e-150 * m["X"][:, 2]),
    "a far offset": lambda m: m.update(offset=m["offset"] + 700.0),
    "a far negative offset": lambda m: m.update(offset=m["offset"] - 700.0),
    "offsets far apart": lambda m: m.update(offset=700.0 * np.where(np.arange(N) % 2, 1.0, -1.0)),
    "a huge response": times("y", 1e12),
    "huge weights": times("weights", 1e12),
    "tiny weights": times("weights", 1e-12),
}


def member(family: str, rng, spoil=None) -> Own:
    made = Own(y=DRAW[family](rng), X=designs(rng), offset=rng.uniform(-0.1, 0.1, N), weights=np.ones(N))
    if spoil:
        spoil(made)
    return made


def together(family: str, members: list[Own]) -> Batch:
    """A batch of members; Bernoulli responses stay 0 and 1 under weights."""
    stacked = {k: np.stack([m[k] for m in members]) for k in members[0]}
    return Batch(family, stacked.pop("X"), stacked.pop("y"), stacked)


def mixed(family: str) -> tuple[Batch, Batch, np.ndarray, list[str]]:
    """The batch of good and bad members in turn, that of the good, the positions of the good, the names of the bad."""
    rng = np.random.default_rng(5)
    good = [member(family, rng) for _ in range(GOOD)]
    bad = [member(family, np.random.default_rng(6), spoil) for spoil in SPOILED.values()]
    order = np.random.default_rng(7).permutation(GOOD + len(bad))
    everyone = [(good + bad)[i] for i in order]
    return together(family, everyone), together(family, good), np.argsort(order), list(SPOILED)


def quietly(call):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", jg.FitWarning)
        return call()


@pytest.fixture(scope="module", params=FAMILIES)
def hostile(request):
    given, good, place, names = mixed(request.param)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        fits = given.fit(chunk=8)
        fits.aic, fits.deviance, fits.pvalues, fits.tidy(), fits.glance(), repr(fits)
    return given, good, place, names, fits, caught


def test_good_members_never_know(hostile):
    _, good, place, _, fits, _ = hostile
    same(fits, quietly(lambda: good.fit(chunk=8)), place[:GOOD])


def test_one_warning_tells_how_many(hostile):
    *_, fits, caught = hostile
    assert [w.category for w in caught] == [jg.FitWarning], [str(w.message) for w in caught]
    assert f"{len(fits.failed())} of {len(fits)}" in str(caught[0].message)


@pytest.mark.parametrize("name", SPOILED)
def test_a_bad_member_is_its_single_fit(hostile, name):
    given, _, place, names, fits, _ = hostile
    i = int(place[GOOD + names.index(name)])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            one = given.single(i)
        except ValueError:
            nothing = jg.Status.SINGULAR if name == "nothing but zeros in X" else jg.Status.INVALID_DATA
            assert fits.status[i] == nothing
            assert np.isnan(fits.bse[i]).any()
            return
        agree(fits, i, one)


def test_responses_are_looked_at_by_every_core_alike(monkeypatch):
    """A batch large enough for several threads has the same members that are not valid."""
    from jaxglm.many import blocks

    Y = np.random.default_rng(0).poisson(2.0, (11, 20)).astype(float)
    Y[0, 3], Y[5, 0], Y[10, 19] = -1.0, 0.5, np.inf
    alone = blocks._outside(jg.Poisson().support, Y)
    monkeypatch.setattr(blocks, "MANY", 1)
    monkeypatch.setattr(blocks, "cores", lambda: 3)
    assert np.array_equal(blocks._outside(jg.Poisson().support, Y), alone)
    assert np.argwhere(alone).tolist() == [[0, 3], [5, 0], [10, 19]]
