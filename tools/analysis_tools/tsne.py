#!/usr/bin/env python
"""Draw a sub-category classifier's weights (Figure 3.6) and its images' features by t-SNE.

python tools/analysis_tools/tsne.py configs/msrc/subcategory-cam_efficientnet-lite0_msrc.py \\
    work_dirs/subcategory-cam_efficientnet-lite0_msrc/round_3.pth --classes person cow
"""

import argparse
from pathlib import Path

from mmwsss.analysis.embedding_figures import write_embeddings
from mmwsss.cli.options import add_cfg_options
from mmwsss.cli.runner import read_run_config


def main() -> None:
    """Run the tool."""
    parser = argparse.ArgumentParser(description='t-SNE of weights and features')
    parser.add_argument('config')
    parser.add_argument('checkpoint', help='of round 1 or later')
    parser.add_argument('--classes', nargs='+', default=['person'], help='with sub-categories')
    parser.add_argument('--perplexity', type=float, default=30.0)
    parser.add_argument('--seed', type=int, default=0)
    parser.add_argument('--out', type=Path, help='default: tsne beside the checkpoint')
    add_cfg_options(parser)
    args = parser.parse_args()
    cfg = read_run_config(args.config, args.cfg_options, 'train_dataloader')
    out = args.out or Path(args.checkpoint).parent / 'tsne'
    files = write_embeddings(cfg, args.checkpoint, args.classes, out, args.perplexity, args.seed)
    print('\n'.join(map(str, files)))


if __name__ == '__main__':
    main()
