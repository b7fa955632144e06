"""The checks of an inspection, as data: ids of the catalogue, clauses of GB/T 22239-2019 and units of GB/T 28448-2019."""

from __future__ import annotations

from yiwang.model.inspection import CheckSpec, Severity, TargetKind

CRITICAL, HIGH = Severity.CRITICAL, Severity.HIGH
HOST, SITE, CODE = TargetKind.HOST, TargetKind.SITE, TargetKind.CODE
WEEK, MONTH = 168, 720

OPEN_DOORS = (
    "/healthz", "/readyz", "/metrics", "/version", "/openapi.json", "/", "/oidc/", "/auth/", "/public/",
)  # fmt: skip
"""What answers everybody by intent; a name that ends with a slash stands for all below it."""
BODY_DOOR = "/api/collaboration/v1/orders"
DEFAULT_PASSWORDS = tuple(
    (role, word) for role in ("postgres", "hub") for word in ("", role, "postgres", "admin", "123456", "password")
)
DICTIONARY = (
    "123456", "12345678", "123456789", "admin", "admin123", "password", "passw0rd", "P@ssw0rd", "root", "qwerty", "111111",
    "000000", "88888888", "yiwang", "Yiwang@123", "Admin@123", "abc123", "1qaz2wsx", "changeme", "secret",
)  # fmt: skip
DUTIES_SQL = (
    "SELECT coalesce(json_agg(json_build_object('login', x.login, 'duties', x.duties)), '[]') FROM (SELECT p.login, "
    "array_agg(DISTINCT r.duty) AS duties FROM management.person p JOIN (SELECT person, role FROM management.post UNION "
    "SELECT person, role FROM management.direct_grant) h ON h.person = p.id JOIN management.role r ON r.code = h.role "
    "GROUP BY p.login) x"
)


def _check(id: str, target: TargetKind, probe: str, severity: Severity, titles: tuple[str, str], clauses: str,
           remedies: tuple[str, str], *, hours: int = 24, seconds: float = 20.0, active: bool = False) -> CheckSpec:  # fmt: skip
    return CheckSpec(
        id=id, target=target, probe=probe, severity=severity, title_zh=titles[0], title_en=titles[1],
        clauses=tuple(clauses.split(", ")), remedy_zh=remedies[0], remedy_en=remedies[1], every_hours=hours,
        seconds=seconds, safety="active" if active else "read",
    )  # fmt: skip


CHECKS: tuple[CheckSpec, ...] = (
    _check("SC-01", HOST, "accounts", HIGH, ("账号与口令保存", "accounts and how passwords are kept"),
           "8.1.4.1a, 8.1.4.2c, CES1-01, CES1-07", ("删除重复或空口令账号", "remove or lock the account: passwd -l NAME")),
    _check("SC-04", HOST, "ssh", HIGH, ("远程登录配置", "SSH as it is in effect"),
           "8.1.4.1c, 8.1.4.4c, CES1-03, CES1-19", ("修改 sshd_config 后重载", "change sshd_config: PermitRootLogin no")),
    _check("SC-06", SITE, "listeners", HIGH, ("监听端口与清单一致", "who listens, against the port list"),
           "8.1.4.4b, CES1-18", ("停止未申报的监听", "stop what listens undeclared: ss -lntp")),
    _check("SC-08", SITE, "integrity", HIGH, ("程序完整性", "files of the running release"),
           "8.1.4.7b, CES1-26, 8.1.10.8", ("重新安装该发布", "install it again: yiwang site reinstall SITE"), seconds=120.0),
    _check("SC-10", SITE, "audit", HIGH, ("审计链完整", "the audit chain"),
           "8.1.4.3c, 8.1.4.3d, CES1-14, CES1-15", ("保全证据后核验", "keep the evidence: yiwang audit SITE"), seconds=120.0),
    _check("SC-13", SITE, "default_passwords", CRITICAL, ("默认口令与免口令登录", "default passwords, and none at all"),
           "8.1.4.2b, CES1-06", ("更换口令，认证方式用 scram-sha-256", "change the password; use scram-sha-256"), active=True),
    _check("VS-01", CODE, "dependencies", HIGH, ("Python 依赖的已知漏洞", "advisories on Python packages"),
           "8.1.4.4e, CES1-21, 8.1.10.5a", ("升级依赖并重新发布", "upgrade the package, build a release")),
    _check("VS-03", CODE, "dependencies", HIGH, ("引擎的已知漏洞", "advisories on engines"),
           "8.1.4.4e, CES1-21, 8.1.10.5a", ("升级引擎", "upgrade the engine in a release")),
    _check("VS-04", HOST, "updates", HIGH, ("操作系统安全更新", "pending security updates"),
           "8.1.4.4e, CES1-21, 8.1.10.5a", ("安装安全更新", "apt-get update && apt-get upgrade"), hours=WEEK),
    _check("VS-05", CODE, "dependencies", CRITICAL, ("正被利用的漏洞", "what is being exploited"),
           "8.1.4.4e, CES1-21, 8.1.10.5a", ("四小时内处置", "act within four hours: upgrade or switch off")),
    _check("VS-08", SITE, "certificate", HIGH, ("传输加密与证书", "TLS and certificates"),
           "8.1.2.2a, 8.1.2.2b, CNS1-06, CNS1-07", ("续签证书，关闭旧协议", "renew the certificate, switch old protocols off")),
    _check("VS-09", SITE, "secrets", CRITICAL, ("密钥泄露", "secrets in logs and packs"),
           "8.1.4.8b, CES1-28", ("更换泄露的密钥", "replace the secret and clean the file")),
    _check("AT-02", SITE, "doors", CRITICAL, ("接口认证", "every operation without a valid token"),
           "8.1.4.1a, CES1-01", ("为接口加上认证", "let the operation require a permission"), seconds=60.0, active=True),
    _check("AT-04", SITE, "sizes", HIGH, ("请求大小限制", "hostile bodies"),
           "8.1.4.4d, CES1-20", ("限制请求体", "limit the body"), active=True),
    _check("RA-02", SITE, "roles", HIGH, ("数据库角色权限", "what database roles may"),
           "8.1.4.2d, CES1-08", ("收回多余权限", "ALTER ROLE NAME NOSUPERUSER NOBYPASSRLS")),
    _check("PT-01", SITE, "weak_passwords", CRITICAL, ("弱口令（数据库）", "weak passwords of the database"),
           "8.1.4.1a, CES1-01", ("更换弱口令", "change the password"), hours=MONTH, seconds=60.0),
    _check("PT-05", SITE, "messages", CRITICAL, ("消息匿名订阅", "a stranger at the message server"),
           "8.1.2.2a, 8.1.4.7a, CNS1-06, CES1-25", ("要求凭据", "require credentials"), active=True),
    _check("DS-04", SITE, "grants", HIGH, ("数据授权", "grants on data and on the audit trail"),
           "8.1.4.2d, 8.1.4.3c, CES1-08, CES1-14", ("收回授权", "REVOKE the grant")),
    _check("MV-02", SITE, "people", CRITICAL, ("日志中的个人信息", "personal numbers in logs"),
           "8.1.4.11a, CES1-34", ("脱敏并清理日志", "mask it at its source and clean the log")),
    _check("ML-03", HOST, "cryptography", HIGH, ("国密算法正确性", "SM3 and SM4 known answers"),
           "8.1.10.9, GB/T 39786", ("更换密码库", "replace the cryptographic library"), hours=MONTH),
    _check("ML-04", SITE, "duties", HIGH, ("三员分立", "three separated duties"),
           "8.1.5.1, 8.1.5.2, 8.1.5.3, SMC1-01, SMC1-03, SMC1-05", ("收回兼任的角色", "take one of the roles back")),
)  # fmt: skip
ACCEPTANCE_DAYS = 180


def checks() -> tuple[CheckSpec, ...]:
    """Return every check, in the order of the catalogue."""
    return CHECKS
