"""A person's client of one site's hub: signs in as a browser does and works with orders.

The smoke journey of `yiwang up` and the journey tests use the same door as the console does (OIDC code flow, session
cookie, CSRF header), so that what they show is what people get.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from html.parser import HTMLParser
from types import TracebackType
from typing import Any, Self
from urllib.parse import urljoin

import httpx

from yiwang.errors import Refused, Unreachable

JsonObject = dict[str, Any]
MAX_REDIRECTS = 8


class _Form(HTMLParser):
    """Collects the first form's action and its input fields."""

    def __init__(self) -> None:
        super().__init__()
        self.action: str | None = None
        self.fields: dict[str, str] = {}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Remember the form's address and every named input with its value."""
        values = dict(attrs)
        if tag == "form" and self.action is None:
            self.action = values.get("action") or ""
        if tag == "input" and values.get("name"):
            self.fields[str(values["name"])] = values.get("value") or ""


class HubClient:
    """One signed-in person at one site. 一个站点上已登录的人员。"""

    def __init__(self, base_url: str, *, timeout: float = 10.0) -> None:
        self.base_url = base_url.rstrip("/")
        self._http = httpx.Client(base_url=self.base_url, timeout=timeout, trust_env=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.close()

    def sign_in(self, login: str, password: str) -> JsonObject:
        """Walk the OIDC code flow as a browser does; return `/auth/me`. Raises Refused when the password is wrong."""
        page = self._follow(self._send("GET", "/auth/login?next=/auth/me"))
        form = _Form()
        form.feed(page.text)
        if form.action is None:
            raise Refused(rule=f"no sign-in form at {page.url}", who="operations", next="yiwang status")
        fields = {**form.fields, "login": login, "password": password}
        answer = self._follow(self._send("POST", urljoin(str(page.url), form.action), data=fields))
        if answer.url.path != "/auth/me":
            raise Refused(rule=f"{login} could not sign in at {self.base_url}", who="the site's administrator",
                          next="yiwang site reset-password")  # fmt: skip
        return dict(answer.json())

    def get(self, path: str, **params: str | int) -> JsonObject:
        """GET a JSON object; a problem answer raises Refused with its title."""
        return self._json(self._send("GET", path, params=params))

    def post(
        self, path: str, body: Mapping[str, Any], *, key: str | None = None, version: int | None = None
    ) -> JsonObject:
        """POST JSON with an idempotency key (made here unless given) and, for actions, the version the caller saw."""
        headers = {"Idempotency-Key": key or str(uuid.uuid4()), "X-Yiwang-CSRF": "1", "Origin": self.base_url}
        if version is not None:
            headers["If-Match"] = f'"{version}"'
        return self._json(self._send("POST", path, json=dict(body), headers=headers))

    def act(self, order: Mapping[str, Any], action: str, **fields: str) -> JsonObject:
        """Do one action on an order at the version that the caller holds; return the order as it is afterwards."""
        path = f"/api/collaboration/v1/orders/{order['id']}/actions/{action}"
        return self.post(path, fields, version=int(order["version"]))

    def order(self, order_id: str) -> JsonObject:
        """Read one order with its trace and the actions open to this person."""
        return self.get(f"/api/collaboration/v1/orders/{order_id}")

    def _send(self, method: str, url: str, **options: Any) -> httpx.Response:
        try:
            return self._http.request(method, url, **options)
        except httpx.TransportError as error:
            raise Unreachable(what=f"{self.base_url} ({error})", since="now", next="yiwang status") from error

    def _follow(self, response: httpx.Response) -> httpx.Response:
        for _ in range(MAX_REDIRECTS):
            if not response.is_redirect:
                return response
            response = self._send("GET", urljoin(str(response.url), response.headers["location"]))
        raise Refused(rule=f"endless redirects at {response.url}", who="operations", next="yiwang status")

    def _json(self, response: httpx.Response) -> JsonObject:
        if response.is_success:
            return dict(response.json())
        problem = response.json() if "json" in response.headers.get("content-type", "") else {}
        said = problem.get("detail") or problem.get("title") or response.text[:200]
        raise Refused(rule=f"{response.status_code} {response.request.url.path}: {said}",
                      who="the person or administrator named by the answer", next=problem.get("next") or "yiwang status")  # fmt: skip
