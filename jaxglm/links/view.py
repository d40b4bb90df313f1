"""The view of a parameter that a log-likelihood receives."""

from .base import Link


class Parameter:
    """What a log-likelihood receives for one parameter: `.value`, `.log` and `.log1m`, each exact in its tail."""

    __slots__ = ("eta", "link")

    def __init__(self, link: Link, eta):
        self.link, self.eta = link, eta

    @property
    def value(self):
        return self.link.inverse(self.eta)

    @property
    def log(self):
        return self.link.log_inverse(self.eta)

    @property
    def log1m(self):
        return self.link.log1m_inverse(self.eta)
