"""Puts the service together: API under /api/management, the provider under /oidc."""

from __future__ import annotations

from fastapi import FastAPI

from yiwang_kit.app import service_app
from yiwang_kit.runtime import Runtime
from yiwang_services.management import chores, metrics, oidc, routes
from yiwang_services.management.content import Loader
from yiwang_services.management.factors import FactorKey, Factors
from yiwang_services.management.keys import TokenKey
from yiwang_services.management.replica import Replica
from yiwang_services.management.signing_in import Door


def create_app(runtime: Runtime) -> FastAPI:
    """Return the service's app; the hub mounts what stands in ``app.state.public`` at the root."""
    app = service_app("management", runtime, title_zh="综合管理")
    loader = Loader(runtime)
    loader.try_now()
    key = TokenKey(runtime.settings.secrets_dir, f"{runtime.settings.public_url}/oidc", runtime.clock)
    factors = Factors(FactorKey(runtime.settings.secrets_dir))
    provider = oidc.Provider(runtime, key, Door(runtime, metrics.make(runtime.registry), factors))
    runtime.fleet_token = oidc.issuer_of(provider)
    replica = Replica(runtime)
    replica.register()
    runtime.chores += [lambda: chores.sweep(runtime), replica.renew]
    app.include_router(routes.router(loader, factors, replica))
    app.state.public = {"/oidc": oidc.create_provider(runtime, provider)}
    return app
