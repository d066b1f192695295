"""Makes the data of the page that the documentation embeds: docs/recall.json.

python tools/page.py
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

from engrax.viewing.page import read

ROOT = Path(__file__).parents[1]
COMMAND = ["view", "results/hcam-ballet-levels", "--episodes", "4"]


def main():
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "recall.html"
        words = [sys.executable, "-m", "engrax", *COMMAND, "--out", str(path)]
        subprocess.run(words, check=True, cwd=ROOT)
        (ROOT / "docs" / "recall.json").write_text(json.dumps(read(path)) + "\n")


if __name__ == "__main__":
    main()
