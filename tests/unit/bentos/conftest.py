"""The services import each other as they do inside a bento: from the folder `bentos`. Here it is put on the path."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[3] / "bentos"))
