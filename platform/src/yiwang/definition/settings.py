"""The hub's settings, each with the scope in which it must be equal.

The list says of every path in settings.json what a difference means: drift everywhere (`release`), drift at this site
(`site`), something proven by fingerprint (`secret`), or nothing but a fact about one machine (`local`).
"""

from __future__ import annotations

from yiwang.model.setting import SettingScope, SettingSpec

RELEASE, SITE, SECRET, LOCAL = SettingScope.RELEASE, SettingScope.SITE, SettingScope.SECRET, SettingScope.LOCAL

_ROWS: tuple[tuple[str, SettingScope, str, str, str], ...] = (
    ("schema", RELEASE, "integer", "设置格式版本", "version of this format"),
    ("site.id", SITE, "site id", "站点标识，永不改变", "the site's id, never changes"),
    ("site.code", SITE, "division code", "行政区划代码", "administrative division code"),
    ("site.name", SITE, "text", "中文名称", "name in Chinese"),
    ("site.name_en", SITE, "text", "英文名称，未知则为空", "name in Latin letters; empty where not known for certain"),
    ("site.tier", SITE, "tier", "层级", "tier"),
    ("site.parent", SITE, "site id or null", "上级站点", "parent site"),
    ("site.children[]", SITE, "site id", "下级站点", "child sites"),
    ("site.instance", SITE, "instance", "实例", "main, twin or training"),
    ("site.ancestors[]", SITE, "site id", "从根到上级的站点", "sites from the root down to the parent"),
    ("release", RELEASE, "release id", "发布版本", "the release that the pack was rendered for"),
    ("demo", RELEASE, "boolean", "演示信任根", "whether the root of trust is a demonstration"),
    ("listen.host", LOCAL, "address", "监听地址", "address the hub listens on"),
    ("listen.port", RELEASE, "port", "监听端口", "port the hub listens on"),
    ("public_url", LOCAL, "URL", "访问地址", "address people open in the browser"),
    ("database.host", LOCAL, "address", "数据库地址", "address of the site's database"),
    ("database.port", RELEASE, "port", "数据库端口", "port of the site's database"),
    ("database.name", RELEASE, "text", "数据库名", "name of the database"),
    ("database.user", RELEASE, "text", "数据库用户", "role that the hub logs in as"),
    ("database.password_file", SECRET, "path", "数据库密码文件", "file with the database password, made at the site"),
    ("services[]", SITE, "service", "启用的服务", "services that run here"),
    ("exchange.peers[].site", SITE, "site id", "相邻站点", "a neighbouring site"),
    ("exchange.peers[].name", SITE, "text", "相邻站点名称", "the neighbour's name"),
    ("exchange.peers[].subtree[]", SITE, "site id", "经由该站点可达的站点", "sites reached through this neighbour"),
    ("exchange.peers[].relation", SITE, "parent or child", "与相邻站点的关系", "what the neighbour is to this site"),
    (
        "exchange.peers[].link",
        SITE,
        "leaf or stick",
        "链路形式：网络或介质摆渡",
        "how the link carries: network or stick",
    ),
    ("exchange.peers[].server", LOCAL, "URL", "消息服务地址", "message server that carries to the neighbour"),
    ("exchange.peers[].credentials", SECRET, "path", "消息凭据文件", "credentials for that neighbour's account"),
    ("exchange.identity_dir", LOCAL, "path", "站点身份目录", "folder of the site's identity"),
    ("exchange.poll_seconds", RELEASE, "seconds", "发件轮询间隔", "how often the relay looks for messages to send"),
    ("secrets_dir", LOCAL, "path", "密钥目录", "folder of secrets made at the site"),
    ("attachments_dir", LOCAL, "path", "附件目录", "folder of attachments"),
    ("attachments.max_bytes", RELEASE, "bytes", "单个附件上限", "the largest attachment"),
    ("attachments.quota_bytes", RELEASE, "bytes", "附件总量上限", "all attachments of a site together"),
    (
        "attachments.locations",
        RELEASE,
        "blank or keep",
        "照片拍摄位置：抹去或保留",
        "where a photo was taken: blanked or kept",
    ),
    ("attachments.bytes_per_second", RELEASE, "bytes", "附件获取速度", "how fast attachments come from neighbours"),
    ("fleet_url", LOCAL, "URL or null", "管控地址，无则不显示该页", "address of control; null = no fleet page"),
    ("fleet_audience", RELEASE, "text", "管控令牌受众", "audience of tokens for control"),
    ("log.level", RELEASE, "text", "日志级别", "log level"),
    ("log.format", RELEASE, "text", "日志格式", "log format"),
    ("rates.session_per_second", RELEASE, "per second", "每会话每秒请求数", "requests a second of one session"),
    ("rates.session_burst", RELEASE, "integer", "每会话突发请求数", "requests of one session at once"),
    ("rates.address_per_second", RELEASE, "per second", "每地址每秒请求数", "requests a second of one address"),
    ("rates.address_burst", RELEASE, "integer", "每地址突发请求数", "requests of one address at once"),
    ("threads", RELEASE, "integer", "处理线程数", "threads that handle requests"),
)

SETTINGS = tuple(
    SettingSpec(name=name, scope=scope, type=kind, title_zh=title_zh, title_en=title_en)
    for name, scope, kind, title_zh, title_en in _ROWS
)
