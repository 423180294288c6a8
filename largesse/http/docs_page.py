"""`/docs`: the operations on one page, for people. No script, nothing from elsewhere."""

import base64
import hashlib
from html import escape
from itertools import groupby
from typing import Any, Final

from largesse import __version__

_STYLE: Final = """
:root { color-scheme: light dark; --line: #8884; --quiet: light-dark(#555, #aaa); }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 0 auto; padding: 1rem; }
h1 { line-height: 1.2; }
h2 { margin: 2rem 0 0.5rem; text-transform: capitalize; font-size: 1.2rem; }
nav { display: flex; flex-wrap: wrap; gap: 0.25rem 1rem; text-transform: capitalize; }
ul { list-style: none; margin: 0; padding: 0; }
li { border-top: 1px solid var(--line); padding: 0.5rem 0; }
code { font: 0.9em ui-monospace, monospace; overflow-wrap: anywhere; }
.operation { display: flex; gap: 0.5rem; }
.method { flex: none; width: 4rem; font-weight: 600; }
.says { display: block; color: var(--quiet); }
@media (min-width: 45rem) { li { display: grid; grid-template-columns: 31rem 1fr; gap: 1rem; } }
"""
_STYLE_HASH: Final = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
PAGE_HEADERS: Final = {
    "content-security-policy": f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
}


def render_page(document: dict[str, Any]) -> str:
    """The page of an OpenAPI document: its operations, by resource."""
    paths = sorted(document["paths"].items(), key=lambda entry: (_resource(entry[0]), entry[0]))
    resources = [(name, list(group)) for name, group in groupby(paths, key=lambda entry: _resource(entry[0]))]
    links = "".join(f'<a href="#{name}">{_words(name)}</a>' for name, _ in resources)
    sections = "".join(
        f'<section><h2 id="{name}">{_words(name)}</h2><ul>{"".join(_items(group))}</ul></section>'
        for name, group in resources
    )
    return (
        "<!doctype html><html lang=en><head><meta charset=utf-8>"
        "<meta name=viewport content='width=device-width, initial-scale=1'>"
        f"<title>Largesse API {__version__}</title><style>{_STYLE}</style></head><body><main>"
        f"<h1>Largesse API {__version__}</h1>"
        "<p>A server key opens <code>/v1</code>, in the headers <code>X-App-Id</code> and <code>X-App-Token</code>. "
        "The whole description, for programs, with parameters, bodies and errors: "
        "<a href=/openapi.json>/openapi.json</a>.</p>"
        f"<nav aria-label=Resources>{links}</nav>{sections}</main></body></html>"
    )


def _items(paths: list[tuple[str, dict[str, Any]]]) -> list[str]:
    return [
        f"<li><span class=operation><code class=method>{method.upper()}</code> <code>{escape(path)}</code></span>"
        f"<span class=says>{escape(operation['summary'])}</span></li>"
        for path, operations in paths
        for method, operation in operations.items()
    ]


def _resource(path: str) -> str:
    """`/v1/async-actions/{id}` is about `async-actions`; other surfaces than /v1 keep their name."""
    surface, _, rest = path.strip("/").partition("/")
    return escape(rest.partition("/")[0] if surface == "v1" else surface)


def _words(resource: str) -> str:
    return resource.replace("-", " ")
