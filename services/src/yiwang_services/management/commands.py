"""What operations do from the command line: the first administrator, a forgotten password, people for a demonstration.

Each prints one JSON object; a generated password is printed once and kept nowhere.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from typing import Any

from yiwang_kit.runtime import Runtime
from yiwang_services.management import organisation, store
from yiwang_services.management.content import SERVICE, Loader
from yiwang_services.management.domain import generate_password, hash_password

EXIT_PROBLEM, EXIT_USAGE = 1, 2


def bootstrap(runtime: Runtime, words: Sequence[str]) -> int:
    """Load the divisions, found the organisation, create the first administrator; a repeat changes nothing."""
    del words
    Loader(runtime).ensure()
    with runtime.database.transaction(SERVICE) as session:
        root = organisation.found(session, runtime)
        made = organisation.first_administrator(session, runtime, root)
        if made["created"]:
            _record(runtime, session, "management.bootstrap", made["login"])
    return _say({"site": runtime.settings.site.id, "url": runtime.settings.public_url, **made})


def reset_password(runtime: Runtime, words: Sequence[str]) -> int:
    """Give somebody a new password, to be changed at the next sign-in; their sessions end."""
    if len(words) != 1:
        print("usage: serve management:reset-password LOGIN", file=sys.stderr)
        return EXIT_USAGE
    with runtime.database.transaction(SERVICE) as session:
        person = store.person_by_login(session, words[0])
        if person is None:
            print(f"没有此账号 / no such login: {words[0]}. Next: serve management:bootstrap", file=sys.stderr)
            return EXIT_PROBLEM
        password = generate_password()
        store.set_password(session, person.id, hash_password(password), must_change=True)
        store.end_sessions(session, person.id)
        _record(runtime, session, "management.password.reset", person.login)
    return _say({"site": runtime.settings.site.id, "login": words[0], "password": password})


def demo_users(runtime: Runtime, words: Sequence[str]) -> int:
    """Create one person a role under a demo root of trust; `--renew` gives those already there new passwords."""
    if not runtime.settings.demo:
        print("仅限演示环境 / only under a demo root of trust. Next: yiwang init --profile demo", file=sys.stderr)
        return EXIT_PROBLEM
    Loader(runtime).ensure()
    with runtime.database.transaction(SERVICE) as session:
        root = organisation.found(session, runtime)
        users = organisation.demonstrators(session, runtime, root, renew="--renew" in words)
        if any("password" in user for user in users.values()):
            _record(runtime, session, "management.demo_users", runtime.settings.site.id)
    return _say({"site": runtime.settings.site.id, "base_url": runtime.settings.public_url, "users": users})


COMMANDS: dict[str, Callable[[Runtime, Sequence[str]], int]] = {
    "bootstrap": bootstrap,
    "reset-password": reset_password,
    "demo-users": demo_users,
}


def _record(runtime: Runtime, session: Any, action: str, object_id: str) -> None:
    runtime.audit.record(session, actor="command line", action=action, object_type="person", object_id=object_id)


def _say(answer: dict[str, Any]) -> int:
    print(json.dumps(answer, ensure_ascii=False))
    return 0
