"""Pages from templates: everything escaped, a missing value an error rather than a gap."""

from __future__ import annotations

from pathlib import Path

import jinja2
from starlette.middleware import Middleware
from starlette.responses import HTMLResponse
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles

from adapters.web.shield import Shield

_HERE = Path(__file__).parent


class Pages:
    """Renders ``templates/``."""

    def __init__(self) -> None:
        self.environment = jinja2.Environment(
            loader=jinja2.FileSystemLoader(_HERE / "templates"),
            autoescape=True,
            undefined=jinja2.StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )

    def page(self, template: str, *, status: int = 200, **values: object) -> HTMLResponse:
        """An answer made of a template."""
        return HTMLResponse(self.environment.get_template(template).render(values), status)


def static_files(path: str, name: str) -> Mount:
    """Our scripts and styles, asked for again by their tag so that an upgrade is seen at once."""
    return Mount(
        path,
        StaticFiles(directory=_HERE / "static"),
        name=name,
        middleware=[Middleware(Shield, cache="no-cache")],
    )
