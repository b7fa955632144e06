"""Asks a Prometheus: is it ready, what is true now, what fires. Only its stable HTTP API v1 is used."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import httpx

from yiwang.errors import NotReady

PATIENCE_SECONDS = 10.0


@dataclass(frozen=True)
class Prometheus:
    """One Prometheus, by its address. 监控服务。"""

    url: str

    def query(self, expression: str) -> list[dict[str, Any]]:
        """Return the samples of an instant query: `metric` (labels) and `value`. Raises NotReady."""
        found = self._get("/api/v1/query", query=expression)
        return [{"metric": one["metric"], "value": float(one["value"][1])} for one in found["result"]]

    def alerts(self) -> list[dict[str, Any]]:
        """Return what fires or is about to: labels, annotations, `state` and `activeAt`."""
        return list(self._get("/api/v1/alerts")["alerts"])

    def targets(self) -> list[dict[str, Any]]:
        """Return what is scraped: labels, `health` and the last error."""
        return list(self._get("/api/v1/targets")["activeTargets"])

    def reload(self) -> None:
        """Let it read its configuration again."""
        try:
            httpx.post(f"{self.url}/-/reload", timeout=PATIENCE_SECONDS, trust_env=False).raise_for_status()
        except httpx.HTTPError as error:
            raise NotReady(
                what=f"监控不接受新配置 / Prometheus refused its configuration: {error}", next="yiwang monitor status"
            ) from error

    def _get(self, path: str, **params: str) -> Any:
        try:
            answer = httpx.get(f"{self.url}{path}", params=params, timeout=PATIENCE_SECONDS, trust_env=False)
            body = answer.json()
        except (httpx.HTTPError, ValueError) as error:
            raise NotReady(
                what=f"监控无应答 / Prometheus does not answer at {self.url}: {error}", next="yiwang monitor up"
            ) from error
        if body.get("status") != "success":
            raise NotReady(what=f"监控拒绝查询 / Prometheus refused: {body.get('error')}", next="yiwang monitor status")
        return body["data"]
