"""One visitor's browser, which is strict with the pages that it shows."""

from pathlib import Path
from urllib.parse import urlsplit

from playwright.sync_api import ConsoleMessage, Page, Request, Response

PHOTOGRAPHS = Path(__file__).parents[1] / ".cache" / "photographs"
WIDTH, HEIGHT = 390, 844
WITHOUT_NAME = (
    "fields => fields.filter(field => !field.labels?.length && !field.innerText).map(field => field.outerHTML)"
)


class Visit:
    def __init__(self, page: Page, *, hosts: set[str]) -> None:
        self.page, self._hosts = page, hosts
        self._missing, self._complaints = "", list[str]()
        page.on("console", self._hear)
        page.on("request", self._follow)

    def open(self, url: str, *, status: int = 200) -> Response:
        if status >= 400:
            self._missing = url
        response = self.page.goto(url)
        assert response is not None
        assert response.status == status, response.text()
        return response

    def press(self, button: str) -> None:
        self.page.get_by_role("button", name=button).click()

    def photograph(self, name: str) -> None:
        """Keep a picture of the page as it is; it must be fit for a phone and for a screen reader."""
        page = self.page
        page.screenshot(path=PHOTOGRAPHS / f"{name}.png", full_page=True)
        assert page.title()
        assert page.locator("html").get_attribute("lang") in ("es", "en")
        assert page.get_by_role("heading", level=1).count() == page.get_by_role("main").count() == 1
        assert page.locator("input, select, textarea, button").evaluate_all(WITHOUT_NAME) == []
        assert page.evaluate("document.documentElement.scrollWidth") <= WIDTH
        assert not self._complaints, self._complaints

    def _hear(self, said: ConsoleMessage) -> None:
        # The browser complains of the status of a page that is rightly missing.
        if said.type == "error" and said.location["url"] != self._missing:
            self._complaints.append(f"{said.location['url']}: {said.text}")

    def _follow(self, request: Request) -> None:
        if urlsplit(request.url).netloc not in self._hosts:
            self._complaints.append(f"asked for {request.url}")
