"""The ConfigMap as the shipper sees it: `shipper.json`, and the rules of all trials whose lines may still come."""

import logging
from pathlib import Path

from pydantic import ValidationError

from shadowlift.api.capture import CaptureConfig
from shadowlift.shipper.extract import Extractor
from shadowlift.shipper.spool import KEEP_TRIALS, Spool

_log = logging.getLogger(__name__)


class Mounted:
    """What is mounted now."""

    def __init__(self, directory: Path, spool: Spool) -> None:
        self._path = directory / "shipper.json"
        self._spool = spool
        self._text = ""
        self._complaint = ""
        self._extractors = {trial.uid: Extractor(trial) for trial in spool.remembered()}
        self.config: CaptureConfig | None = None  # None: nothing readable has been mounted yet

    def refresh(self) -> None:
        """Read again. To be called before lines are read: Envoy's routes come from the same volume, never earlier."""
        try:
            text = self._path.read_text()
            if text == self._text:
                return
            config = CaptureConfig.model_validate_json(text)
        except (OSError, ValidationError) as error:
            self._complain(str(error))
            return
        self._text, self.config = text, config
        _log.info(
            "configuration mounted", extra={"version": config.version, "trial": config.trial and config.trial.uid}
        )
        if config.trial:
            self._learn(Extractor(config.trial))

    def extractor(self, trial: str) -> Extractor | None:
        """The rules of a trial, if it ever was mounted here."""
        return self._extractors.get(trial)

    def _complain(self, why: str) -> None:
        """Once for each reason: this is read every second."""
        if why != self._complaint:
            self._complaint = why
            _log.warning("shipper.json cannot be read; the last one stays in force", extra={"error": why})

    def _learn(self, extractor: Extractor) -> None:
        trial = extractor.trial
        self._extractors.pop(trial.uid, None)
        self._extractors[trial.uid] = extractor
        for oldest in list(self._extractors)[:-KEEP_TRIALS]:
            del self._extractors[oldest]
        try:
            self._spool.remember(trial)
        except OSError as error:
            _log.warning("the spool is full: a restart would forget this trial", extra={"error": str(error)})
