"""How Sphinx makes the site of docs/: `make docs`. Why Sphinx: docs/decisions/libraries.md."""

# mypy: ignore-errors
# As for examples: it imports the installed package, which mypy does not look for when it reads the checkout.

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import docstrings
import navigation

import selfplay_gym

project = "selfplay_gym"
author = "the authors of selfplay_gym"
copyright = "the authors of selfplay_gym, Apache-2.0"
version = release = selfplay_gym.__version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
root_doc = "index"
exclude_patterns = ["site/**"]
nitpicky = False  # names of other packages in signatures have no page here

myst_heading_anchors = 4  # the anchors that GitHub gives to headings, so that links lead to the same place on both
default_role = "code"  # docstrings are written as on GitHub, with single backquotes
autodoc_member_order = "bysource"
add_module_names = False
autodoc_typehints_format = "short"
napoleon_numpy_docstring = False
napoleon_use_ivar = True  # fields of a tuple are members, too, and would be told of twice
python_maximum_signature_line_length = 88

html_theme = "furo"
html_title = "selfplay_gym"
html_baseurl = ""
html_search_scorer = str(Path(__file__).with_name("scorer.js"))
html_copy_source = False
html_show_sourcelink = False
html_static_path = ["static"]
html_css_files = ["site.css"]
html_theme_options = {
    "source_repository": navigation.REPOSITORY,
    "source_branch": "main",
    "source_directory": "docs/",
}


def setup(app):
    """Navigation comes from the links of index pages, reference from docstrings as they are written here."""
    app.connect("source-read", navigation.prepare)
    app.connect("autodoc-process-docstring", docstrings.prepare, priority=100)  # before napoleon reads the sections
    return {"parallel_read_safe": True, "parallel_write_safe": True}
