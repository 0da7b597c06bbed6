"""Settings of the documentation site: ``sphinx-build -W docs docs/_build/html``."""

import re
import sys
from pathlib import Path

from pygments.lexers.special import TextLexer
from sphinx.application import Sphinx
from sphinx.ext import napoleon

sys.path.insert(0, str(Path(__file__).parent / '_ext'))

from mmwsss import __version__

project = 'mmwsss'
author = copyright = 'The mmwsss contributors'
version = release = __version__
extensions = [
    'myst_nb',
    'sphinx.ext.apidoc',
    'sphinx.ext.autodoc',
    'sphinx.ext.napoleon',
    'mathml',
    'model_zoo',
]
exclude_patterns = ['_build']
html_theme = 'furo'
html_title = f'mmwsss {release}'
html_static_path, html_css_files = ['_static'], ['site.css']
html_copy_source = False
html_math_renderer = 'mathml'

myst_enable_extensions = ['dollarmath']
myst_heading_anchors = 3
nb_merge_streams = True
nb_execution_mode = 'off'  # tests/test_docs/test_tutorial.py runs it

apidoc_modules = [{'path': '../mmwsss', 'destination': 'api', 'max_depth': 2, 'module_first': True}]
autodoc_default_options = {
    'members': True,
    'show-inheritance': True,
    'ignore-module-all': True,  # a package's names stand with the modules that define them
}
autodoc_inherit_docstrings = False
autodoc_typehints = 'none'  # docstrings tell them
napoleon_google_docstring, napoleon_numpy_docstring = True, False
napoleon_use_ivar = True


def adapt_source(app: Sphinx, page: str, source: list[str]) -> None:
    """Write for the site what the repository writes for itself: links to files and to folders.

    A link to a folder shows the folder there, and nothing here: its text stays. A link named like
    its file is named by the title of the page. In tables, a mean stays on one line with its ±.
    """

    def text_alone(link: re.Match) -> str:
        return link[1] if Path(app.srcdir, link[2]).is_dir() else link[0]

    text = re.sub(r'\[([^\]]+)\]\((\.\./[^)#]+)\)', text_alone, source[0])
    text = re.sub(r'\[([\w.]+\.md)\]\((\1(?:#[\w-]+)?)\)', r'[](\2)', text)
    source[0] = re.sub(r'^\|.*', lambda row: row[0].replace(' ± ', '\xa0±\xa0'), text, flags=re.M)


def setup(app: Sphinx) -> None:
    """Leave members to autodoc: napoleon's look fails on mmcv's ``cache_randomness``."""
    app.connect('source-read', adapt_source)
    for listener in list(app.events.listeners['autodoc-skip-member']):
        if listener.handler is napoleon._skip_member:
            app.disconnect(listener.id)
    app.add_lexer('csv', TextLexer)
