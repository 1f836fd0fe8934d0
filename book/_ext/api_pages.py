"""The reference of the package: a page a room, written from its docstrings.

A page names its rooms in a comment, ``% api: nasutils.spaces``. Below its own words come, module by
module, the public names with signatures and docstrings, by Sphinx's autodoc.
"""

import importlib
import inspect
import pkgutil
import re
from collections.abc import Iterator
from types import ModuleType

from sphinx.application import Sphinx

_ROOMS = re.compile(r"^% api: (.+)$", re.MULTILINE)


def write_page(app: Sphinx, page: str, source: list[str]) -> None:
    """Write the reference into the source of a page that asks for it."""
    if rooms := rooms_of(source[0]):
        source[0] += "\n\n" + "\n".join(lines_of(rooms))


def rooms_of(text: str) -> list[str]:
    """Return the packages and modules that a page names; none where it is another page."""
    found = _ROOMS.search(text)
    return found[1].split() if found else []


def lines_of(rooms: list[str]) -> Iterator[str]:
    """Yield the Markdown of some packages or modules."""
    for name in rooms:
        for module in modules_of(name):
            if names := public_names(module):
                yield from (f"## {module.__name__}", "", "```{eval-rst}")
                yield from (
                    f".. automodule:: {module.__name__}",
                    f"   :members: {', '.join(names)}",
                )
                yield from ("```", "")


def modules_of(name: str) -> Iterator[ModuleType]:
    """Yield a module, and what lies in it where it is a package; nothing private."""
    module = importlib.import_module(name)
    yield module
    for found in pkgutil.iter_modules(getattr(module, "__path__", ())):
        if not found.name.startswith("_"):
            yield from modules_of(f"{name}.{found.name}")


def public_names(module: ModuleType) -> list[str]:
    """Return the functions and classes that a module defines for others, in their order."""
    found = {
        name: each
        for name, each in vars(module).items()
        if not name.startswith("_")
        and (inspect.isclass(each) or inspect.isfunction(each))
        and each.__module__ == module.__name__
    }
    return sorted(found, key=lambda name: inspect.getsourcelines(found[name])[1])


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the pages."""
    app.connect("source-read", write_page)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
