"""The sign-in page, made here without scripts or outside files, so that it works before anything else does."""

from __future__ import annotations

from collections.abc import Sequence
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
.secret{margin:12px 0;padding:12px;border:1px dashed #97a5b3;border-radius:6px;font:18px/1.7 ui-monospace,monospace;
overflow-wrap:anywhere;user-select:all}
.codes{display:grid;grid-template-columns:1fr 1fr;gap:2px 16px;list-style:none}
.plain{margin:8px 0;font-size:14px}
a{color:var(--accent)}
.said{margin:0 0 4px;padding:10px 12px;border:1px solid #e3b5b3;border-left:4px solid var(--bad);border-radius:6px;
background:#fdf4f3;color:var(--bad);font-size:14px}
.demo{margin:20px 0 0;padding-top:14px;border-top:1px solid var(--line);color:var(--soft);font-size:13px}
"""
REASONS = {
    "wrong": ("用户名或密码不正确。", "The user name or password is not right."),
    "code": ("验证码不正确或已使用。", "The code is not right, or was used already."),
    "slowed": ("尝试过于频繁，请稍后再试。", "Too many tries; wait a while."),
    "locked": ("账号已暂时锁定，{until} 后可再试。", "The account is closed until {until} after wrong tries."),
}


def reason(outcome: Outcome) -> tuple[str, str]:
    """Return what to say about a failed try, Chinese and English."""
    until = outcome.until.astimezone(CHINA).strftime("%H:%M") if outcome.until else ""
    zh, en = REASONS[outcome.word]
    return zh.format(until=until), en.format(until=until)


def render(site: SiteIdentity, *, demo: bool, form: str, login: str = "", said: tuple[str, str] | None = None) -> str:
    """Return the first page; `form` is the signed request under way."""
    return framed(
        site,
        demo=demo,
        said=said,
        body=f"""{_form(form)}
<label for="login">用户名 <span lang="en">User name</span></label>
<input id="login" name="login" value="{escape(login, quote=True)}" autocomplete="username" autocapitalize="none"
 spellcheck="false" maxlength="40" required {"" if login else "autofocus"}>
<label for="password">密码 <span lang="en">Password</span></label>
<input id="password" name="password" type="password" autocomplete="current-password" maxlength="128"
 required {"autofocus" if login else ""}>
<button type="submit">登录 <span lang="en">Sign in</span></button>
</form>""",
    )


def second(site: SiteIdentity, *, demo: bool, form: str, said: tuple[str, str] | None = None) -> str:
    """Return the page that asks for the code of the second factor."""
    return framed(
        site,
        demo=demo,
        said=said,
        body=f"""<p class="plain">请输入手机验证器上的六位数字；手机不在身边时，输入一个恢复码。<br>
<span lang="en">Enter the six digits of your authenticator, or one of your recovery codes.</span></p>
{_form(form)}{_code_field()}
<button type="submit">继续 <span lang="en">Continue</span></button>
</form>""",
    )


def enrol(
    site: SiteIdentity, *, demo: bool, form: str, secret: str, uri: str, said: tuple[str, str] | None = None
) -> str:
    """Return the page on which somebody with an administrative duty sets the second factor up."""
    return framed(
        site,
        demo=demo,
        said=said,
        body=f"""<p class="plain">管理类岗位须使用第二因素。在手机验证器（TOTP）中添加下列密钥，再输入显示的六位数字。<br>
<span lang="en">Administrative duties need a second factor. Add this key to an authenticator (TOTP) and enter its six digits.</span></p>
<p class="secret" id="secret">{escape(secret)}</p>
<p class="plain"><a href="{escape(uri, quote=True)}">在本机验证器中打开 <span lang="en">Open in an authenticator here</span></a></p>
{_form(form)}{_code_field()}
<button type="submit">启用 <span lang="en">Switch on</span></button>
</form>""",
    )


def recovery(site: SiteIdentity, *, demo: bool, form: str, codes: Sequence[str]) -> str:
    """Return the page that shows the recovery codes, this once."""
    items = "".join(f"<li>{escape(code)}</li>" for code in codes)
    return framed(
        site,
        demo=demo,
        body=f"""<p class="plain">请抄写并妥善保管恢复码，每个只能用一次，此后不再显示。<br>
<span lang="en">Write these recovery codes down. Each works once; they are not shown again.</span></p>
<ul class="secret codes" id="recovery">{items}</ul>
{_form(form)}
<button type="submit">已保存，继续 <span lang="en">Kept, continue</span></button>
</form>""",
    )


def _form(form: str) -> str:
    return f"""<form method="post" action="/oidc/authorize">
<input type="hidden" name="request" value="{escape(form, quote=True)}">"""


def _code_field() -> str:
    return """
<label for="code">验证码 <span lang="en">Code</span></label>
<input id="code" name="code" autocomplete="one-time-code" autocapitalize="none" spellcheck="false" maxlength="20"
 required autofocus>"""


def framed(site: SiteIdentity, *, demo: bool, body: str, said: tuple[str, str] | None = None) -> str:
    """Return a page with the site's name above and what was said last."""
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
{body}
{note}
</main></body></html>"""
