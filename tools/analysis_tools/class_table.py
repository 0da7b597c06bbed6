#!/usr/bin/env python
"""Print the IoU of each class beside published figures: Tables 2.3 and 3.3 of the thesis.

python tools/analysis_tools/class_table.py configs/voc12/table_2_3.csv \\
    ours=work_dirs/pipeline_mixup-cam_voc12/test/metrics.json
"""

import argparse
import sys

from mmwsss.analysis.class_table import class_table, read_measured, read_published
from mmwsss.structures import DataError


def main() -> int:
    """Run the tool."""
    parser = argparse.ArgumentParser(description='IoU of each class beside published figures')
    parser.add_argument('published', help='CSV: class, and a column for each published row')
    parser.add_argument(
        'measured', nargs='*', metavar='NAME=METRICS', help='metrics.json of a test, with classes'
    )
    args = parser.parse_args()
    try:
        columns = read_published(args.published)
        for entry in args.measured:
            name, _, path = entry.partition('=')
            columns |= read_measured(name, path)
    except DataError as error:
        print(error, file=sys.stderr)
        return 1
    print(class_table(columns))
    return 0


if __name__ == '__main__':
    sys.exit(main())
