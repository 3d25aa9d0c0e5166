"""The local stack, its client, and a browser."""

import shutil
from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, expect, sync_playwright

from browser.client import Client
from browser.visit import HEIGHT, PHOTOGRAPHS, WIDTH, Visit
from faults.stack import Stack, running_stack

FLAGS = ("--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-sync")

expect.set_options(timeout=30_000)


@pytest.fixture(scope="session")
def stack() -> Iterator[Stack]:
    with running_stack(logs=PHOTOGRAPHS.parent / "browser", environment={}) as stack:
        yield stack


@pytest.fixture(scope="session")
def client(stack: Stack) -> Client:
    return Client(stack)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    shutil.rmtree(PHOTOGRAPHS, ignore_errors=True)
    PHOTOGRAPHS.mkdir(parents=True)
    with sync_playwright() as playwright:
        # CI is root, for whom Chromium's sandbox does not start; it only sees pages of ours.
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), chromium_sandbox=False, args=FLAGS
        )
        yield browser
        browser.close()


@pytest.fixture
def visit(browser: Browser, stack: Stack) -> Iterator[Callable[..., Visit]]:
    """Somebody takes their phone: `visit(locale="en-US")`."""
    hosts = {urlsplit(stack.state[name]).netloc for name in ("web", "sandbox")}
    phones = []

    def start(locale: str = "es-CO") -> Visit:
        phones.append(
            browser.new_context(
                viewport={"width": WIDTH, "height": HEIGHT}, device_scale_factor=2, is_mobile=True, locale=locale
            )
        )
        return Visit(phones[-1].new_page(), hosts=hosts)

    yield start
    for phone in phones:
        phone.close()
