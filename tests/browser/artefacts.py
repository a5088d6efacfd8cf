"""What is kept of a journey: pictures, and the page's text where it failed."""

import os
from pathlib import Path
import re
from typing import Final

from playwright.async_api import Page

from scripts.tools.demo.hass import ROOT

FOLDER: Final = Path(
    os.environ.get("JOULEKEEPER_ARTEFACTS", ROOT / ".artefacts/browser")
)
_DRAWN_MS: Final = 800
"""A page is drawn bit by bit, without an event for its end."""
_LAST_LINES: Final = 200

_TEXT: Final = """() => {
  const found = [];
  const walk = (node) => {
    if (node.nodeType === Node.TEXT_NODE) {
      const text = node.textContent.trim();
      if (text) found.push(text);
      return;
    }
    if (['STYLE', 'SCRIPT'].includes(node.tagName)) return;
    if (node.tagName === 'INPUT') found.push(`[${node.name}: ${node.value}]`);
    if (node.shadowRoot) node.shadowRoot.childNodes.forEach(walk);
    node.childNodes.forEach(walk);
  };
  walk(document.body);
  return found.join('\\n');
}"""


async def keep(page: Page, name: str, *, failed: bool, log: str) -> None:
    """Keep the end of a journey; of one that failed also texts that tell why."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    stem = re.sub(r"\W+", "-", name).strip("-")
    for kind in (".png", *(f"-failed.{kind}" for kind in ("png", "txt", "log"))):
        (FOLDER / f"{stem}{kind}").unlink(missing_ok=True)
    if failed:
        stem += "-failed"
    await page.wait_for_timeout(_DRAWN_MS)
    await page.screenshot(path=FOLDER / f"{stem}.png")
    if failed:
        (FOLDER / f"{stem}.txt").write_text(
            f"{page.url}\n\n{await page.evaluate(_TEXT)}\n"
        )
        lines = log.splitlines()[-_LAST_LINES:]
        (FOLDER / f"{stem}.log").write_text("\n".join(lines) + "\n")
