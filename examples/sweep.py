"""A sweep over settings: HCAM on Recall with two chunk sizes and two learning rates, evaluated on
the same episodes.
"""

import tempfile
from itertools import product
from pathlib import Path

from engrax.runs.evaluating import evaluate
from engrax.runs.training import train


def main(updates: int = 60):
    """Trains every combination in a run directory of its own, then prints a table."""
    with tempfile.TemporaryDirectory() as folder:
        for chunk_size, rate in product((2, 4), (1e-3, 3e-3)):
            settings = {
                "memory.chunk_size": str(chunk_size),
                "learner.learning_rate": str(rate),
                "updates": str(updates),
            }
            run = Path(folder) / f"chunks-of-{chunk_size}-rate-{rate}"
            train("debug", run, settings=settings)
            found = evaluate(run, episodes=200, seed=1)
            print(
                f"chunk_size {chunk_size}, learning_rate {rate}: mean return "
                f"{found.returns.value:.2f}"
            )


if __name__ == "__main__":
    main()
