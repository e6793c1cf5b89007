"""``python -m foretell.lab`` is ``foretell-lab``."""

import sys

from foretell.lab.cli import main

sys.exit(main())
