"""What is reported where: invented streets and faults around the true divisions, more rain and wind in a storm."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Sequence
from dataclasses import dataclass

ROADS = (
    "人民", "解放", "中山", "建设", "和平", "新华", "振兴", "东风", "朝阳", "滨海", "环城", "文化", "体育", "学府", "迎宾", "沿江",
)  # fmt: skip
SURNAMES = "陈李黄张梁林刘吴罗杨何郑"
CHANNELS = (("hotline", 62), ("app", 22), ("patrol", 11), ("web", 5))
SPREAD = 0.03
"""Degrees around a county's middle within which invented places lie."""


@dataclass(frozen=True)
class Kind:
    """What people say about one matter. 事项话术。"""

    matter: str
    share: float
    storm: float
    """How many times likelier while a storm lasts."""
    titles: tuple[str, ...]
    told: str


KINDS = (
    Kind("S001", 12, 1.6, ("路面破损", "路面坑洼", "井盖松动"), "路面有坑洼，车辆经过颠簸"),
    Kind("S002", 10, 1.5, ("路灯不亮", "路灯闪烁"), "夜间照明不足"),
    Kind("S003", 14, 1.3, ("垃圾未清运", "垃圾桶满溢", "绿化带垃圾堆放"), "异味较大"),
    Kind("S004", 11, 0.3, ("占道经营", "摊贩占用人行道"), "行人只能走机动车道"),
    Kind("S005", 13, 0.4, ("施工噪声扰民", "夜间噪声", "音响扰民"), "影响休息"),
    Kind("S006", 5, 3.0, ("污水外溢", "排水管堵塞"), "污水流到路面"),
    Kind("S007", 4, 1.8, ("停水", "水压不足"), "影响生活用水"),
    Kind("S008", 8, 0.5, ("消费纠纷", "退款争议"), "商家拒绝处理"),
    Kind("S009", 3, 0.5, ("餐饮店卫生问题", "食品过期"), "希望核查"),
    Kind("S010", 2, 0.3, ("疑似违法建设", "楼顶加建"), "希望核查"),
    Kind("S011", 7, 0.8, ("物业服务不到位", "电梯故障未修"), "多次反映未解决"),
    Kind("S012", 3, 0.4, ("建议增加公交班次", "公交站位置不便"), "出行不便"),
    Kind("S013", 2, 1.5, ("安全隐患", "消防通道堵塞"), "存在安全隐患"),
    Kind("S014", 4, 2.0, ("信号灯不亮", "标线不清"), "路口通行混乱"),
    Kind("S015", 1, 40.0, ("道路积水", "下穿隧道积水", "小区积水"), "积水较深，车辆无法通行"),
)


@dataclass(frozen=True)
class Place:
    """A division in which people report. 区划。"""

    code: str
    name: str
    middle: tuple[float, float] | None
    """Longitude and latitude of its county's middle, where the outlines are known."""


@dataclass(frozen=True)
class Report:
    """What somebody reports. 诉求。"""

    matter: str
    title: str
    description: str
    channel: str
    reporter: str
    place: Place
    address: str
    position: tuple[float, float] | None


def population(code: str) -> float:
    """Return an invented weight of a division, always the same: some towns are large and most are not."""
    number = int.from_bytes(hashlib.sha256(code.encode()).digest()[:4], "big") / 2**32
    return float(0.4 + 2.6 * number**3)


def report(dice: random.Random, places: Sequence[Place], weights: Sequence[float], *, storm: bool) -> Report:
    """Invent one report."""
    kinds = [kind.share * (kind.storm if storm else 1.0) for kind in KINDS]
    kind = dice.choices(KINDS, weights=kinds)[0]
    place = dice.choices(places, cum_weights=weights)[0]
    road, number = dice.choice(ROADS), dice.randrange(1, 400)
    title = dice.choice(kind.titles)
    channel = dice.choices([name for name, _ in CHANNELS], weights=[share for _, share in CHANNELS])[0]
    return Report(
        matter=kind.matter, title=f"{road}路{title}", channel=channel, place=place,
        description=f"市民反映{place.name}{road}路{number}号附近{title}，{kind.told}，请尽快处理。（样例数据）",
        reporter=f"{dice.choice(SURNAMES)}{dice.choice(('先生', '女士'))}", address=f"{place.name}{road}路{number}号",
        position=_near(dice, place.middle),
    )  # fmt: skip


def _near(dice: random.Random, middle: tuple[float, float] | None) -> tuple[float, float] | None:
    if middle is None or dice.random() < 0.2:  # noqa: PLR2004 - one in five says no place
        return None
    return round(dice.gauss(middle[0], SPREAD), 6), round(dice.gauss(middle[1], SPREAD), 6)
