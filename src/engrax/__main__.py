"""`python -m engrax` is `engrax`."""

import sys

from engrax.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
