"""Commands, as people and scripts type them."""

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.processes import HABAR

PATIENCE_S = 60


@dataclass(frozen=True, slots=True)
class Ran:
    """What a command came to."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:  # noqa: ANN401 - any answer
        return json.loads(self.out)

    @property
    def words(self) -> str:
        """Everything that was printed, without the lines' ends and frames."""
        return " ".join(f"{self.out} {self.err}".replace("│", " ").split())


@dataclass(frozen=True, slots=True)
class Terminal:
    """Somebody who types commands."""

    url: str
    folder: Path

    def run(self, *words: str, said: str = "", **settings: str) -> Ran:
        environment = {"HABAR_URL": self.url, "LC_ALL": "C.UTF-8", **settings}
        done = subprocess.run(  # noqa: S603 - our own words
            [HABAR, *words],
            env=environment,
            cwd=self.folder,
            input=said.encode(),
            capture_output=True,
            timeout=PATIENCE_S,
            check=False,
        )
        ran = Ran(done.returncode, done.stdout.decode(), done.stderr.decode())
        assert "Traceback" not in ran.out + ran.err
        return ran

    def json(self, *words: str, code: int = 0) -> Any:  # noqa: ANN401 - any answer
        ran = self.run(*words, "--json")
        assert ran.code == code, ran
        return ran.json
