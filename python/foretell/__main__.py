"""Run the command line: `python -m foretell`."""

import sys

from foretell.cli import main

if __name__ == "__main__":
    sys.exit(main())
