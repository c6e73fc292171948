"""Makes docs/pictures: pages of real runs in an installed Chromium, on a telephone and a screen, light and dark.

    python docs/make_pictures.py ABLATION     a folder of `selfplay-gym ablate`, with its variant "full"

Needs `pip install 'selfplay-gym[test]'`. What a page says comes from the runs; nothing is written into their folder.
"""

# mypy: ignore-errors
# As for examples: it imports the installed package, which mypy does not look for when it reads the checkout.

from __future__ import annotations

import io
import os
import shutil
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

from selfplay_gym.selfplay.ablate import summarise
from selfplay_gym.selfplay.ablate.page import to_html as ablation_page
from selfplay_gym.selfplay.ablate.variants import read_run
from selfplay_gym.selfplay.dashboard.app import create_app
from selfplay_gym.selfplay.dashboard.server import Server
from selfplay_gym.selfplay.diagnose.measure import diagnose
from selfplay_gym.selfplay.diagnose.page import to_html as diagnosis_page
from selfplay_gym.selfplay.report.write import render_report
from selfplay_gym.selfplay.storage.run_folder import RunFolder

PICTURES = Path(__file__).with_name("pictures")
BASELINE = "full"
SHOTS = {
    "report-screen": ("report", 1280, 840, "light"),
    "report-telephone": ("report", 360, 1000, "dark"),
    "diagnosis-tablet": ("diagnosis", 768, 1000, "dark"),
    "ablation-screen": ("ablation", 1280, 900, "dark"),
    "ablation-telephone": ("ablation", 360, 900, "light"),
}
"""Picture → page, width, height, scheme."""
WATCHED = {
    "watch-now": ("now", 1280, 900, "light"),
    "watch-curves": ("curves", 1280, 900, "dark"),
    "watch-telephone": ("outputs", 360, 900, "dark"),
}
"""The same of the dashboard."""
TOKEN = "picture"


def pages(folder: Path) -> dict[str, str]:
    """The pages of an ablation and of the first run of its baseline, by name."""
    found = {}
    for path in sorted(path.parent for path in folder.glob("*/state.json")):
        name, _, seed = path.name.rpartition("-")
        variant = name.replace("-", " ")
        found.setdefault(variant, []).append(read_run(variant, int(seed), RunFolder.open(path)))
    first = first_run(folder)
    return {
        "report": render_report(RunFolder.open(first)),
        "diagnosis": diagnosis_page(diagnose(first)),
        "ablation": ablation_page(summarise(found, "tiny", BASELINE)),
    }


def first_run(folder: Path) -> Path:
    """The run of the baseline with the lowest seed."""
    return min(folder.glob(f"{BASELINE}-[0-9]*"))


def picture(browser: Browser, html: str, width: int, height: int, scheme: str) -> bytes:
    """The top of a page as a small PNG."""
    page = browser.new_page(viewport={"width": width, "height": height}, color_scheme=scheme)
    page.set_content(html)
    return png(page)


def watched(browser: Browser, address: str, name: str, width: int, height: int, scheme: str) -> bytes:
    """The top of a page of the dashboard on its only run, as a small PNG."""
    page = browser.new_page(viewport={"width": width, "height": height}, color_scheme=scheme)
    page.goto(address)
    page.goto(f"{page.url.rpartition('/')[0]}/{name}")
    page.get_by_text("Following.").wait_for()
    return png(page)


def png(page: Page) -> bytes:
    """What is seen of a page, which is closed."""
    shot = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    page.close()
    out = io.BytesIO()
    shot.save(out, "PNG", optimize=True)
    return out.getvalue()


@contextmanager
def dashboard(run: Path) -> Iterator[str]:
    """The address of a dashboard on one run."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = Server(create_app([run], TOKEN), None)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}/?token={TOKEN}"
        finally:
            server.should_exit = True
            thread.join()


def main(folder: Path) -> None:
    """Write all pictures."""
    chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))))
    alone = ["--no-sandbox"] if os.geteuid() == 0 else []
    made = pages(folder)
    PICTURES.mkdir(exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=alone)
        for name, (page, *size) in SHOTS.items():
            (PICTURES / f"{name}.png").write_bytes(picture(browser, made[page], *size))
        with dashboard(first_run(folder)) as address:
            for name, (page, *size) in WATCHED.items():
                (PICTURES / f"{name}.png").write_bytes(watched(browser, address, page, *size))
        browser.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
