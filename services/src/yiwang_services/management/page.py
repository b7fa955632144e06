"""The sign-in page, made here without scripts or outside files, so that it works before anything else does."""

from __future__ import annotations

from datetime import timedelta, timezone
from html import escape

from yiwang_kit.settings import SiteIdentity
from yiwang_services.management.signing_in import Outcome

CHINA = timezone(timedelta(hours=8))
STYLE = """
:root{--ink:#16202c;--soft:#5b6875;--line:#d5dce3;--accent:#1457a8;--bad:#a3201d}
*{box-sizing:border-box}
body{margin:0;min-height:100vh;display:grid;place-items:center;padding:24px 16px;background:#f3f6f9;color:var(--ink);
font:16px/1.6 "Noto Sans SC","Source Han Sans SC","PingFang SC","Microsoft YaHei",system-ui,sans-serif}
main{width:100%;max-width:404px;background:#fff;border:1px solid var(--line);border-radius:10px;padding:36px 32px 28px}
.mark{display:flex;align-items:baseline;gap:10px;margin:0 0 4px;font-size:15px;color:var(--soft)}
.mark b{color:var(--accent);font-weight:600}
h1{margin:0;font-size:26px;font-weight:600;line-height:1.35}
.sub{margin:2px 0 24px;color:var(--soft);font-size:14px}
label{display:block;margin:16px 0 6px;font-size:14px}
label span{color:var(--soft)}
input{width:100%;height:44px;padding:0 12px;border:1px solid #97a5b3;border-radius:6px;font:inherit;color:inherit;background:#fff}
input:focus-visible,button:focus-visible{outline:3px solid #8db8ea;outline-offset:1px;border-color:var(--accent)}
button{width:100%;height:46px;margin-top:26px;border:0;border-radius:6px;background:var(--accent);color:#fff;font:inherit;
font-weight:600;cursor:pointer}
button:hover{background:#0f478b}
.said{margin:0 0 4px;padding:10px 12px;border:1px solid #e3b5b3;border-left:4px solid var(--bad);border-radius:6px;
background:#fdf4f3;color:var(--bad);font-size:14px}
.demo{margin:20px 0 0;padding-top:14px;border-top:1px solid var(--line);color:var(--soft);font-size:13px}
"""
REASONS = {
    "wrong": ("用户名或密码不正确。", "The user name or password is not right."),
    "slowed": ("尝试过于频繁，请一分钟后再试。", "Too many tries; wait a minute."),
    "locked": ("账号已暂时锁定，{until} 后可再试。", "The account is closed until {until} after wrong tries."),
}


def reason(outcome: Outcome) -> tuple[str, str]:
    """Return what to say about a failed try, Chinese and English."""
    until = outcome.until.astimezone(CHINA).strftime("%H:%M") if outcome.until else ""
    zh, en = REASONS[outcome.word]
    return zh.format(until=until), en.format(until=until)


def render(site: SiteIdentity, *, demo: bool, form: str, login: str = "", said: tuple[str, str] | None = None) -> str:
    """Return the page; `form` is the signed request under way."""
    problem = f'<p class="said" role="alert">{escape(said[0])}<br>{escape(said[1])}</p>' if said else ""
    note = (
        '<p class="demo">演示环境：信任根为演示用途。<br>Demonstration: the root of trust is for show.</p>'
        if demo
        else ""
    )
    english = escape(site.name_en or site.id)
    return f"""<!doctype html>
<html lang="zh-CN"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">
<title>登录 · {escape(site.name)}一网统管</title><style>{STYLE}</style></head>
<body><main>
<p class="mark"><b>一网统管</b> One network to govern</p>
<h1>{escape(site.name)}</h1>
<p class="sub">{english} · {escape(site.code)}</p>
{problem}
<form method="post" action="/oidc/authorize">
<input type="hidden" name="request" value="{escape(form, quote=True)}">
<label for="login">用户名 <span lang="en">User name</span></label>
<input id="login" name="login" value="{escape(login, quote=True)}" autocomplete="username" autocapitalize="none"
 spellcheck="false" maxlength="40" required {"" if login else "autofocus"}>
<label for="password">密码 <span lang="en">Password</span></label>
<input id="password" name="password" type="password" autocomplete="current-password" maxlength="128"
 required {"autofocus" if login else ""}>
<button type="submit">登录 <span lang="en">Sign in</span></button>
</form>
{note}
</main></body></html>"""
