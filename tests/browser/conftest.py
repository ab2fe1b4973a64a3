"""A JupyterLab of its own and Debian's Chromium, for the tests that need a real browser.

`make browser-deps` installs what they need, `make test-browser` runs them; `make test` leaves them out.
Where there is no Chromium or no Playwright they are skipped and say so.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome")
FLAGS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip
START_SECONDS = 120
PATIENCE_MILLISECONDS = 90_000
"""How long a page may take on a busy machine."""
VIEWPORT = {"width": 1280, "height": 1400}
SETTINGS = {
    "@jupyterlab/apputils-extension/notification.jupyterlab-settings": {
        "fetchNews": "false", "checkForUpdates": False,
    },
}  # fmt: skip


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    return None if config.getoption("--browser") else True


@dataclass(frozen=True)
class JupyterLab:
    """A running server: its address, its token and the folder that it serves."""

    address: str
    token: str
    folder: Path

    def url_of(self, notebook: str) -> str:
        return f"{self.address}/lab/tree/{notebook}?reset&token={self.token}"

    def is_up(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.address}/api", timeout=5):  # noqa: S310
                return True
        except (urllib.error.URLError, OSError):
            return False


@pytest.fixture(scope="session")
def chromium() -> str:
    path = next(filter(None, map(shutil.which, CHROMIUM_NAMES)), None)
    if path is None:
        pytest.skip(
            "there is no Chromium on this machine; `make browser-deps` installs it with apt"
        )
    return path


@pytest.fixture(scope="session")
def browser(chromium: str) -> Iterator[Browser]:
    sync_api = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=list(FLAGS))
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def jupyterlab(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[JupyterLab]:
    """Started after the browser, so that a machine without one does not start it."""
    home = tmp_path_factory.mktemp("jupyter")
    lab = JupyterLab(f"http://127.0.0.1:{_free_port()}", secrets.token_hex(16), home / "notebooks")
    lab.folder.mkdir()
    for name, settings in SETTINGS.items():
        path = home / "settings" / name
        path.parent.mkdir(parents=True)
        path.write_text(json.dumps(settings))
    with (home / "server.log").open("w") as log:
        server = subprocess.Popen(
            [
                sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root",
                "--ServerApp.ip=127.0.0.1", f"--ServerApp.port={lab.address.rpartition(':')[2]}",
                f"--IdentityProvider.token={lab.token}", f"--ServerApp.root_dir={lab.folder}",
            ],
            env=_environment(home), stdout=log, stderr=log,
        )  # fmt: skip
        try:
            _wait_until_up(lab, server, home / "server.log")
            yield lab
        finally:
            server.terminate()
            server.wait(timeout=60)


@pytest.fixture
def page(browser: Browser, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Page]:
    """A page; when the test fails, a picture of what it showed last stays in the test's folder."""
    context = browser.new_context(viewport=VIEWPORT)
    page = context.new_page()
    page.set_default_timeout(PATIENCE_MILLISECONDS)
    failed = request.session.testsfailed
    yield page
    if request.session.testsfailed > failed:
        print(f"The page when the test failed: {tmp_path / 'page.png'}")
        page.screenshot(path=tmp_path / "page.png")
    context.close()


def _environment(home: Path) -> dict[str, str]:
    """No settings of the person who runs the tests, and a kernel that does not look like a test."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST")}
    return environ | {
        "JUPYTER_CONFIG_DIR": str(home / "config"),
        "JUPYTER_RUNTIME_DIR": str(home / "runtime"),
        "JUPYTERLAB_SETTINGS_DIR": str(home / "settings"),
        "JUPYTERLAB_WORKSPACES_DIR": str(home / "workspaces"),
        "IPYTHONDIR": str(home / "ipython"),
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}",
    }


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _wait_until_up(lab: JupyterLab, server: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(START_SECONDS * 4):
        if lab.is_up():
            return
        if server.poll() is not None:
            break
        time.sleep(0.25)
    pytest.fail(f"JupyterLab did not start:\n{log.read_text()[-2000:]}")
