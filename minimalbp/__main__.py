"""python -m minimalbp"""

import sys

from minimalbp.cli import main

if __name__ == "__main__":
    sys.exit(main())
