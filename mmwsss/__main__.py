"""``python -m mmwsss``: the same as the command ``mmwsss``."""

import sys

from mmwsss.cli.command import main

if __name__ == '__main__':
    sys.exit(main())
