"""The trust client over real HTTP: whole answers are verified, broken ones are "unreachable", never "tampered"."""

from __future__ import annotations

import functools
import threading
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from yiwang.adapters.repository import Keyring, Repository
from yiwang.adapters.signing import TrustClient
from yiwang.errors import Refused, Unreachable
from yiwang.model.trust import TrustRole

TARGET = "control/441721/pack.json"
CONTENT = b"x" * 1_000_000


class Mirror(SimpleHTTPRequestHandler):
    """A mirror that misbehaves when told to."""

    mood = "fair"

    def do_GET(self) -> None:
        wanted = self.path.endswith("pack.json")
        if wanted and self.mood == "breaks off":
            self.send_response(200)
            self.send_header("Content-Length", str(len(CONTENT)))
            self.end_headers()
            self.wfile.write(CONTENT[:1000])
        elif wanted and self.mood == "redirects":
            self.send_response(302)
            self.send_header("Location", "/elsewhere")
            self.end_headers()
        elif wanted and self.mood == "fails":
            self.send_error(500)
        elif wanted and self.mood == "never ends":
            self.send_response(200)
            self.end_headers()
            self.wfile.write(CONTENT + b"more")
        else:
            super().do_GET()

    def log_message(self, format: str, *args: object) -> None:
        """Stay silent."""


@pytest.fixture
def client(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[TrustClient]:
    repository = Repository(tmp_path / "repository", Keyring(tmp_path / "keys"))
    root = repository.ceremony(demo=True, owner="test")
    repository.publish(TrustRole.CONTROL, {TARGET: CONTENT})
    monkeypatch.setattr(Mirror, "mood", "fair")
    handler = functools.partial(Mirror, directory=str(repository.folder))
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield TrustClient(root, f"http://127.0.0.1:{server.server_port}", tmp_path / "site")
    server.shutdown()
    server.server_close()
    thread.join()


def test_a_site_fetches_over_http(client: TrustClient) -> None:
    assert client.session().read(TARGET) == CONTENT
    assert client.session().read(TARGET) == CONTENT


@pytest.mark.parametrize("mood", ["breaks off", "fails", "redirects"])
def test_a_transfer_that_fails_is_unreachable(client: TrustClient, monkeypatch: pytest.MonkeyPatch, mood: str) -> None:
    monkeypatch.setattr(Mirror, "mood", mood)
    with pytest.raises(Unreachable, match=TARGET):
        client.session().read(TARGET)


def test_an_answer_longer_than_signed_is_refused(client: TrustClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Mirror, "mood", "never ends")
    with pytest.raises(Refused, match="longer than signed"):
        client.session().read(TARGET)


def test_a_server_that_is_not_there_is_unreachable(client: TrustClient, tmp_path: Path) -> None:
    nobody = TrustClient(client.root, "http://127.0.0.1:9", tmp_path / "other")
    with pytest.raises(Unreachable, match="root"):
        nobody.session()
