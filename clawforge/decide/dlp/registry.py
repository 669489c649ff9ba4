"""The detectors that exist: adding one means adding its file and its line here."""

from __future__ import annotations

from clawforge.decide.dlp.detector import Detector
from clawforge.decide.dlp.detectors import aws_access_key, credit_card, github_pat, private_key

DETECTORS: tuple[Detector, ...] = (
    aws_access_key.DETECTOR,
    credit_card.DETECTOR,
    github_pat.DETECTOR,
    private_key.DETECTOR,
)
"""All detectors, sorted by id."""

_BY_ID = {detector.id: detector for detector in DETECTORS}


def detector_named(name: str) -> Detector:
    """The detector of that id. Raises ValueError, naming those that exist."""
    try:
        return _BY_ID[name]
    except KeyError:
        raise ValueError(f"no detector is called {name!r}; there are: {', '.join(sorted(_BY_ID))}") from None
