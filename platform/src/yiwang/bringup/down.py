"""`yiwang down` stops what `up` started; `site remove` destroys one site, and only with its code typed."""

from __future__ import annotations

from collections.abc import Callable

from yiwang.bringup.machine import Machine
from yiwang.bringup.monitoring import Monitoring
from yiwang.errors import Refused

Say = Callable[[str], None]


def down(machine: Machine, say: Say) -> list[str]:
    """Stop sites, children before parents, then control; data stay. Return what was stopped."""
    stopped = ["monitoring"] if Monitoring(machine).stop() else []
    for site in reversed(machine.sites()):
        if machine.site(site.id).supervisor.stop():
            say(f"{site.id} {site.name}: 已停止 stopped")
            stopped.append(site.id)
    if machine.control.stop():
        say("管控 control: 已停止 stopped")
        stopped.append("control")
    return stopped


def remove(machine: Machine, site: str, typed: str) -> None:
    """Destroy a site's processes and data on this machine. Raises Refused unless its code was typed."""
    require_typed(site, typed, next=f"yiwang site remove {site}")
    known = {item.id for item in machine.sites()}
    if site not in known:
        raise Refused(rule=f"{site} 不在本机 / {site} does not run on this machine", who="", next="yiwang site list")
    machine.site(site).remove()


def require_typed(site: str, typed: str, *, next: str) -> None:
    """Raise Refused unless a site's code was typed: nothing destructive happens without naming it."""
    if typed != site:
        rule = f"输入的代码 {typed!r} 不是 {site} / the typed code is not {site}; nothing was touched"
        raise Refused(rule=rule, who="", next=next)
