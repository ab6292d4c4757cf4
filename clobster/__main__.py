"""`python -m clobster` is `clobster`."""

import sys

from clobster.cli import main

sys.exit(main())
