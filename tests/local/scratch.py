"""A scratch checkout with two small services, for `small_system`."""

from pathlib import Path

import local

_SERVER = """\
import signal, sys
from http.server import BaseHTTPRequestHandler, HTTPServer

def serve(text):
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.end_headers()
            self.wfile.write(text.encode())
        def log_message(self, *args):
            pass
    signal.signal(signal.SIGTERM, lambda *args: sys.exit(0))
    print("serving", text, flush=True)
    HTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
"""

_MAIN = """\
from serving import serve
from services.{name}.text import TEXT
serve(TEXT)
"""

_FILES = {
    "serving/__init__.py": _SERVER,
    "foundation.py": "from serving import serve\nserve('base')\n",
    "services/alpha/__init__.py": "",
    "services/alpha/text.py": "TEXT = 'alpha 1'\n",
    "services/alpha/static/site.css": "body {}\n",
    "services/alpha/__main__.py": _MAIN.format(name="alpha"),
    "services/beta/__init__.py": "",
    "services/beta/text.py": "TEXT = 'beta 1'\n",
    "services/beta/__main__.py": _MAIN.format(name="beta"),
}


class Scratch:
    """The checkout.

    Attributes:
        root: Its top directory.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.sources = root / "src" / "python"
        for name, text in _FILES.items():
            self.save(name, text)
        # The runner starts its guard from the checkout's own sources.
        (self.sources / "local").symlink_to(Path(local.__file__).parent)
        (root / "src" / "protos").mkdir()

    def save(self, name: str, text: str) -> None:
        """Write a source file, as an editor does: beside it, then in its place."""
        path = self.sources / name
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh = path.with_name(f".{path.name}.swp")
        fresh.write_text(text)
        fresh.rename(path)
