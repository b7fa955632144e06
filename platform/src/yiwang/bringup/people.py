"""The first people of a site: its administrator, and under a demo root one person a role for the smoke journey.

Passwords are made at the site. The administrator's is shown once; those of demonstration people stay in a file that
only the operator reads, because the journey and the browser tests sign in as them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from yiwang.adapters.files import write_json
from yiwang.bringup.machine import Machine
from yiwang.operate.journey import Person

DEMO_FILE = "demo-users.json"


@dataclass(frozen=True)
class Administrator:
    """A site's first administrator, with a password that is shown once. 首位管理员。"""

    site: str
    url: str
    login: str
    password: str


def first_administrator(machine: Machine, site: str) -> Administrator | None:
    """Make the first administrator; None where there is one already."""
    made = json.loads(machine.site(site).command("management:bootstrap"))
    return Administrator(site, made["url"], made["login"], made["password"]) if made["created"] else None


def demo_file(machine: Machine, site: str) -> Path:
    """Return the file of a site's demonstration people."""
    return machine.workspace.site(site).secret(DEMO_FILE)


def demonstration(machine: Machine, site: str) -> bool:
    """Make one person a role where they are missing; return whether any was made."""
    path = demo_file(machine, site)
    if path.is_file():
        return False
    made = json.loads(machine.site(site).command("management:demo-users", "--renew"))
    return write_json(path, made, mode=0o600)


def everybody(machine: Machine) -> dict[str, dict[str, Any]]:
    """Return the demonstration people of every site here, with each site's address."""
    found = {}
    for site in machine.sites():
        path = demo_file(machine, site.id)
        if path.is_file():
            content: Mapping[str, Any] = json.loads(path.read_text(encoding="utf-8"))
            found[site.id] = {"base_url": machine.hub_url(site.id), "users": content["users"]}
    return found


def person(people: Mapping[str, Mapping[str, Any]], site: str, role: str) -> Person:
    """Return who plays a role at a site."""
    user = people[site]["users"][role]
    return Person(people[site]["base_url"], user["login"], user["password"])


def reset_password(machine: Machine, site: str, login: str) -> str:
    """Give somebody a new password, to be changed at the next sign-in."""
    return str(json.loads(machine.site(site).command("management:reset-password", login))["password"])
