"""The management centre with a browser: units by the keyboard, a post for a time, a second factor, the trail; every page looked at."""

from __future__ import annotations

import base64
import hashlib
import hmac
import io
import struct
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest
from axe_playwright_python.sync_playwright import Axe
from openpyxl import Workbook
from playwright.sync_api import Locator, Page, expect

from support.browsing import SHOTS, Site, settle

Open = Callable[..., Page]
PAGES = {
    "administrator": {
        "units": "/admin/units",
        "people": "/admin/people",
        "roles": "/admin/roles",
        "import": "/admin/import",
        "account": "/account",
    },
    "auditor": {"audit": "/audit"},
    "operator": {
        "catalogue": "/catalogue",
        "matter": "/catalogue/S001",
        "catalogue-items": "/catalogue/items",
        "catalogue-findings": "/catalogue/findings",
    },
}
SCREENS: dict[str, Any] = {
    "desktop": {"width": 1440, "height": 900},
    "wide": {"width": 2560, "height": 1440},
    "phone": {"width": 390, "height": 844},
}
LOOKED_AT = {"zh": "desktop", "en": "phone"}
"""The screen on which axe looks in each language: what it finds depends on one or the other."""
STEP_SECONDS = 30
PLAIN = "/me"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def faults(page: Page) -> list[str]:
    """Return what axe finds serious on the page as it stands."""
    found: list[dict[str, Any]] = Axe().run(page).response["violations"]
    serious = [fault for fault in found if fault["impact"] in ("serious", "critical")]
    return [f"{fault['id']}: {node['target']}" for fault in serious for node in fault["nodes"]]


def find(field: Locator, name: str) -> None:
    """Choose a unit in a finder by typing some of its name."""
    field.fill(name)
    field.page.get_by_role("option", name=name).first.wait_for()
    field.press("Enter")
    expect(field).to_have_value(name)


def send(page: Page, form: str) -> None:
    """Send a form and wait until the page has taken it in."""
    page.click(f"[data-send={form}]")
    expect(page.locator(f"[data-send={form}]")).to_have_count(0)
    settle(page)


def asked(page: Page, path: str, body: dict[str, Any], **headers: str) -> dict[str, Any]:
    """Ask the hub for something as the person of a page, without walking through its forms."""
    own = {"X-Yiwang-CSRF": "1", "Idempotency-Key": str(uuid4())}
    said = page.request.post(f"{page.url.removesuffix(PLAIN)}{path}", data=body, headers={**own, **headers})
    assert said.ok, said.text()
    return dict(said.json())


def workbook(headings: list[str], *lines: list[str]) -> Any:
    """Return a workbook as a file input takes it."""
    book, out = Workbook(), io.BytesIO()
    for line in [headings, *lines]:
        book.active.append(line)
    book.save(out)
    return {"name": "导入.xlsx", "mimeType": XLSX, "buffer": out.getvalue()}


def six_digits(secret: str) -> str:
    """Return what an authenticator shows for a secret now (RFC 6238)."""
    key = base64.b32decode(secret.replace(" ", "") + "=" * (-len(secret.replace(" ", "")) % 8))
    digest = hmac.digest(key, struct.pack(">Q", int(time.time()) // STEP_SECONDS), hashlib.sha1)
    at = digest[-1] & 0x0F
    return f"{(struct.unpack('>I', digest[at : at + 4])[0] & 0x7FFFFFFF) % 10**6:06d}"


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("role", PAGES)
def test_the_centres_pages_are_accessible_on_three_screens(open_page: Open, county: Site, role: str, lang: str) -> None:
    page = open_page(county, role, PLAIN, lang=lang)
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    for name, path in PAGES[role].items():
        page.goto(f"{county.base_url}{path}")
        settle(page)
        for screen, size in SCREENS.items():
            page.set_viewport_size(size)
            page.screenshot(path=SHOTS / f"{name}-{screen}-{lang}.png")
            wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
            assert wide <= 0, f"{name}: {wide} px wider than the {screen}"
            if screen == LOOKED_AT[lang]:
                assert faults(page) == [], name
    assert complaints == []


def test_a_unit_is_found_by_the_keyboard_added_renamed_moved_with_a_preview_and_closed_by_name(
    open_page: Open, county: Site
) -> None:
    name = f"值班科{uuid4().hex[:6]}"
    page = open_page(county, "administrator", "/admin/units")
    settle(page)
    page.locator("[role=treeitem]").first.focus()
    for key in ("ArrowLeft", "ArrowRight", "ArrowDown", "Enter"):
        page.keyboard.press(key)
    expect(page.locator("[data-detail] h2")).to_have_text("指挥中心")
    page.click("[data-form=add]")
    page.fill("input[name=name]", name)
    send(page, "add")
    expect(page.locator("[data-detail] .notice")).to_contain_text(f"已新增 {name}")
    page.locator("[data-detail]").get_by_role("button", name=name).click()
    page.click("[data-form=move]")
    find(page.locator("[name=parent]"), "公安局")
    expect(page.locator("[data-preview]")).to_contain_text(f"公安局 › {name}")
    page.screenshot(path=SHOTS / "unit-move-desktop-zh.png")
    assert faults(page) == []
    send(page, "move")
    expect(page.locator("[data-detail] .crumbs")).to_contain_text("公安局")
    page.click("[data-form=change]")
    page.fill("input[name=name]", f"{name}改")
    page.fill("input[name=reason]", "机构改革")
    send(page, "change")
    expect(page.locator("[data-detail] tbody")).to_contain_text("机构改革")
    page.click("[data-form=standing]")
    expect(page.locator("[data-send=standing]")).to_have_text(f"停用“{name}改”")
    send(page, "standing")
    expect(page.locator("[data-detail] .panel-head")).to_contain_text("已停用")


def test_a_unit_with_open_orders_is_not_closed_and_the_page_says_what_hangs_on_it_and_what_to_do(
    open_page: Open, county: Site
) -> None:
    name = f"巡查队{uuid4().hex[:6]}"
    administrator = open_page(county, "administrator", PLAIN)
    root = administrator.request.get(f"{county.base_url}/api/management/v1/units/root").json()
    unit = asked(administrator, "/api/management/v1/units",
                 {"name": name, "kind": "team", "division": county.code, "parent": root["id"]})  # fmt: skip
    operator = open_page(county, "operator", PLAIN)
    order = asked(operator, "/api/collaboration/v1/orders",
                  {"matter": "S001", "title": f"{name}办理", "description": "路面破损", "channel": "hotline",
                   "reporter": {"name": "", "phone": ""}, "division": county.code, "address": "", "location": None})  # fmt: skip
    actions = f"/api/collaboration/v1/orders/{order['id']}/actions"
    order = asked(operator, f"{actions}/accept", {}, **{"If-Match": f'"{order["version"]}"'})
    asked(operator, f"{actions}/dispatch", {"unit": unit["id"]}, **{"If-Match": f'"{order["version"]}"'})
    administrator.goto(f"{county.base_url}/admin/units?unit={unit['id']}")
    administrator.click("[data-form=standing]")
    administrator.fill("input[name=reason]", "机构改革")
    administrator.click("[data-send=standing]")
    refusal = administrator.locator("[data-frame=standing]")
    expect(refusal.locator(".uses")).to_contain_text("1 件未结工单")
    expect(refusal.locator(".notice")).to_contain_text("先办结或转派，或并入其他机构")
    expect(administrator.locator("input[name=reason]")).to_have_value("机构改革")
    administrator.screenshot(path=SHOTS / "unit-refusal-desktop-zh.png")
    assert faults(administrator) == []


def test_a_workbook_is_looked_through_first_with_a_cell_a_fault_and_then_taken_in_whole(
    open_page: Open, county: Site
) -> None:
    mark = uuid4().hex[:6]
    headings, right = (
        ["code", "name", "division", "kind", "parent"],
        [f"T-{mark}", f"导入科{mark}", county.code, "team", ""],
    )
    page = open_page(county, "administrator", "/admin/import")
    page.set_input_files("[data-file]", workbook(headings, right, [f"U-{mark}", "错区划", "12", "team", ""]))
    page.click("[data-import=check]")
    expect(page.locator("[data-report=check] tbody tr")).to_contain_text("C3")
    page.screenshot(path=SHOTS / "import-faults-desktop-zh.png")
    assert faults(page) == []
    page.set_input_files("[data-file]", workbook(headings, right))
    page.click("[data-import=check]")
    page.click("[data-import=apply]")
    expect(page.locator("[data-report=apply]")).to_contain_text("新增 1")
    page.click("[data-kind=users]")
    page.set_input_files("[data-file]", workbook(["login", "name", "unit"], [f"in.{mark}", "导入员", f"T-{mark}"]))
    page.click("[data-import=check]")
    page.click("[data-import=apply]")
    with page.expect_download() as download:
        page.click("[data-passwords]")
    assert download.value.path().read_text(encoding="utf-8").splitlines()[1].startswith(f"in.{mark},")
    page.goto(f"{county.base_url}/admin/people?q=in.{mark}")
    with page.expect_download() as export:
        page.click("[data-export=people]")
    assert export.value.suggested_filename == "users.xlsx"


def test_a_person_is_added_and_given_a_post_for_a_time_and_a_refusal_keeps_what_was_typed(
    open_page: Open, county: Site
) -> None:
    login = f"duty.{uuid4().hex[:6]}"
    page = open_page(county, "administrator", "/admin/people")
    settle(page)
    page.click("[data-form=person]")
    page.fill("input[name=login]", "demo-handler")
    page.fill("input[name=name]", "值班员")
    find(page.locator("[data-frame=person] [name=unit]"), "城市管理和综合执法局")
    page.click("[data-send=person]")
    expect(page.locator("[data-frame=person] .notice")).to_contain_text("demo-handler 已存在")
    expect(page.locator("input[name=name]")).to_have_value("值班员")
    page.fill("input[name=login]", login)
    page.click("[data-send=person]")
    expect(page.locator("[data-secret] li")).to_have_count(1)
    page.goto(f"{county.base_url}/admin/people?q={login}")
    page.locator("[data-row] a").click()
    settle(page)
    page.click("[data-form=post]")
    page.select_option("select[name=role]", "handler")
    page.fill("input[name=last]", "2099-12-31")
    page.screenshot(path=SHOTS / "person-post-desktop-zh.png")
    send(page, "post")
    expect(page.locator("[data-post=handler]")).to_contain_text("至 2099-12-31")
    assert faults(page) == []
    page.click("[data-ask=take]")
    expect(page.locator(".ask")).to_contain_text(f"收回 值班员（{login}）")
    page.click("[data-sure=take]")
    expect(page.locator("[data-post]")).to_have_count(0)
    page.goto(f"{county.base_url}/admin/people?q=demo-administrator")
    page.locator("[data-row] a").click()
    expect(page.locator(".notice")).to_contain_text("不能变更自己的账号")


def test_a_second_factor_is_enrolled_from_a_code_drawn_on_the_page_and_switched_off_again(
    open_page: Open, county: Site
) -> None:
    page = open_page(county, "leader", "/account")
    settle(page)
    page.click("[data-form=begin]")
    page.fill("[data-frame=begin] input[name=current]", county.users["leader"]["password"])
    page.click("[data-send=begin]")
    secret = page.locator("[data-factor-secret]").inner_text()
    expect(page.get_by_role("img", name="验证器二维码")).to_be_visible()
    page.screenshot(path=SHOTS / "factor-desktop-zh.png")
    assert faults(page) == []
    page.fill("input[name=code]", six_digits(secret))
    page.click("[data-send=confirm]")
    expect(page.locator("[data-factor]")).to_contain_text("已启用")
    recovery = page.locator("[data-secret] li").all_inner_texts()
    assert len(recovery) == 10
    page.click("[data-form=remove]")
    page.fill("input[name=code]", recovery[0])
    page.click("[data-send=remove]")
    expect(page.locator("[data-factor]")).to_contain_text("未启用")


def test_a_version_of_a_matter_is_written_with_its_difference_in_sight_and_compared_with_the_one_before(
    open_page: Open, county: Site
) -> None:
    page = open_page(county, "operator", "/catalogue?q=公交")
    settle(page)
    page.locator("[data-row] a").first.click()
    settle(page)
    page.click("[data-form=version]")
    days = page.locator("input[name=limit_amount]")
    wanted = int(days.input_value()) + 1
    days.fill(str(wanted))
    expect(page.locator("[data-frame=version] [data-difference]")).to_contain_text(f"承诺 {wanted} 个工作日")
    page.uncheck("input[name=sample]")
    expect(page.locator("[data-send=version]")).to_be_disabled()
    page.check("input[name=sample]")
    page.screenshot(path=SHOTS / "matter-version-desktop-zh.png", full_page=True)
    assert faults(page) == []
    send(page, "version")
    for step in ("ask", "sure"):
        page.click(f"[data-{step}=submit]")
    expect(page.locator("[data-version-state=in_review]")).to_have_count(1)
    reviewer = open_page(county, "leader", page.url.removeprefix(county.base_url))
    reviewer.fill("input[name=note]", "同意")
    reviewer.screenshot(path=SHOTS / "matter-review-desktop-zh.png", full_page=True)
    assert faults(reviewer) == []
    for step in ("ask", "sure"):
        reviewer.click(f"[data-{step}=publish]")
    expect(reviewer.locator("[data-version-state]")).to_have_count(0)
    page.reload()
    settle(page)
    expect(page.locator("[data-field=limit]")).to_have_text(f"承诺 {wanted} 个工作日")
    expect(page.locator("[data-difference]")).to_contain_text(f"承诺 {wanted - 1} 个工作日")


def test_a_new_item_waits_for_another_person_and_then_is_in_force_until_somebody_claims_and_implements_it(
    open_page: Open, county: Site
) -> None:
    code = f"02.{uuid4().hex[:6]}"
    page = open_page(county, "operator", "/catalogue/items")
    settle(page)
    page.click("[data-form=entry]")
    for name, text in {"code": code, "name": "窨井盖缺失", "above": "02"}.items():
        page.fill(f"[data-frame=entry] input[name={name}]", text)
    expect(page.locator("[data-send=entry]")).to_be_disabled()
    page.check("[data-frame=entry] input[name=sample]")
    page.screenshot(path=SHOTS / "catalogue-item-form-desktop-zh.png", full_page=True)
    assert faults(page) == []
    page.click("[data-send=entry]")
    page.wait_for_url(f"**/catalogue/items/{code}")
    for step in ("ask", "sure"):
        page.click(f"[data-{step}=submit]")
    expect(page.locator("[data-version-state=in_review]")).to_have_count(1)
    reviewer = open_page(county, "leader", "/catalogue/items?state=in_review")
    reviewer.click(f"[data-row='{code}'] a")
    reviewer.fill("input[name=note]", "同意")
    reviewer.screenshot(path=SHOTS / "catalogue-item-review-desktop-zh.png", full_page=True)
    assert faults(reviewer) == []
    for step in ("ask", "sure"):
        reviewer.click(f"[data-{step}=publish]")
    expect(reviewer.locator("[data-version-state]")).to_have_count(0)
    reviewer.goto(f"{county.base_url}/catalogue/findings")
    for kind in ("unclaimed", "unimplemented"):
        expect(reviewer.locator(f"[data-finding='{kind}/{code}'] a").first).to_have_text("窨井盖缺失")
    with reviewer.expect_download() as taken:
        reviewer.goto(f"{county.base_url}/catalogue/items")
        reviewer.click("[data-export=csv]")
    assert code in taken.value.path().read_text(encoding="utf-8-sig")
    page.goto(f"{county.base_url}/catalogue?item={code}")
    page.click("[data-form=version]")
    for name, text in {"code": f"M{code}", "name": "窨井盖缺失", "category": "市政设施"}.items():
        page.fill(f"[data-frame=version] input[name={name}]", text)
    page.check("[data-frame=version] input[name=sample]")
    assert faults(page) == []
    page.click("[data-send=version]")
    page.wait_for_url(f"**/catalogue/M{code}")
    expect(page.locator("[data-version-state=draft]")).to_have_count(1)
    expect(page.locator("[data-field=item]")).to_have_text(code)


def test_a_role_is_made_of_permissions_that_its_maker_may_pass_on_and_closed_by_name(
    open_page: Open, county: Site
) -> None:
    code = f"patrol_{uuid4().hex[:6]}"
    page = open_page(county, "administrator", "/admin/roles")
    settle(page)
    page.click("[data-form=role]")
    page.fill("input[name=code]", code)
    page.fill("input[name=title_zh]", "巡查员")
    page.fill("input[name=title_en]", "patrol")
    find(page.locator("[name=home]"), "城市管理和综合执法局")
    page.click("[data-send=role]")
    expect(page.locator("[data-frame=role]")).to_contain_text("至少选择一项权限")
    page.get_by_label("查看工单", exact=True).check()
    page.screenshot(path=SHOTS / "role-form-desktop-zh.png", full_page=True)
    assert faults(page) == []
    send(page, "role")
    role = page.locator(f"[data-role={code}]")
    expect(role).to_contain_text("本站自定义")
    role.locator("summary").click()
    role.locator("[data-ask=close-role]").click()
    expect(role.locator(".ask")).to_contain_text("不再授予“巡查员”")
    role.locator("[data-sure=close-role]").click()
    expect(role.locator("summary")).to_contain_text("不再授予")


def test_a_security_officer_ends_somebody_elses_sessions_and_an_administrator_is_not_offered_it(
    open_page: Open, county: Site
) -> None:
    login = f"sec.{uuid4().hex[:6]}"
    administrator = open_page(county, "administrator", PLAIN)
    root = administrator.request.get(f"{county.base_url}/api/management/v1/units/root").json()["id"]
    made = asked(administrator, "/api/management/v1/users", {"login": login, "name": "安全员", "unit": root})
    asked(administrator, "/api/management/v1/posts", {"user": made["id"], "unit": root, "role": "security"})
    open_page(county, "verifier", PLAIN)
    site = replace(county, users={**county.users, login: {"login": login, "password": made["password"]}})
    officer = open_page(site, login, "/admin/people?q=demo-verifier")
    officer.fill("input[name=current]", made["password"])
    for name in ("new", "repeat"):
        officer.fill(f"input[name={name}]", f"{made['password']}-另一个")
    officer.locator("button[type=submit]").click()
    officer.locator("[data-row] a").click()
    expect(officer.locator("[data-session=other]").first).to_be_visible()
    assert faults(officer) == []
    officer.click("[data-ask=end-sessions]")
    expect(officer.locator(".ask")).to_contain_text("演示核查员（demo-verifier）")
    officer.click("[data-sure=end-sessions]")
    expect(officer.locator("[data-session]")).to_have_count(0)
    administrator.goto(officer.url)
    settle(administrator)
    expect(administrator.locator("[data-ask=close]")).to_be_visible()
    expect(administrator.locator(".sessions")).to_have_count(0)


def test_an_auditor_narrows_the_trail_in_the_address_and_others_have_no_way_to_it(
    open_page: Open, county: Site
) -> None:
    page = open_page(county, "auditor", "/audit")
    settle(page)
    page.select_option("select[name=action]", "management.demo_users")
    page.wait_for_url("**/audit?action=management.demo_users")
    settle(page)
    expect(page.locator("[data-line]")).to_have_count(1)
    page.locator("[data-line] summary").click()
    expect(page.locator("[data-line] dl")).to_contain_text("SM3")
    assert faults(page) == []
    with page.expect_download() as download:
        page.click("[data-export=trail]")
    assert '"head"' in download.value.path().read_text(encoding="utf-8").splitlines()[-1]
    other = open_page(county, "registrar", "/")
    settle(other)
    expect(other.locator("nav.side a[href='/audit']")).to_have_count(0)
    assert {"situation", "collaboration", "supervision"} <= {
        str(centre.get_attribute("data-centre")).removeprefix("nav.") for centre in other.locator("[data-centre]").all()
    }
