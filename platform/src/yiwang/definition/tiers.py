"""The tiers of government that a site may have. A new tier is one entry here and a reference site."""

from __future__ import annotations

from yiwang.model.tier import TierSpec

TIERS = (
    TierSpec(
        name="province",
        title_zh="省",
        title_en="province",
        order=0,
        parents=(),
        code_digits=(6,),
        example="440000",
    ),
    TierSpec(
        name="city",
        title_zh="市",
        title_en="city",
        order=1,
        parents=("province",),
        code_digits=(6,),
        example="441700",
    ),
    TierSpec(
        name="county",
        title_zh="县(区)",
        title_en="county",
        order=2,
        parents=("city",),
        code_digits=(6,),
        example="441721",
    ),
    TierSpec(
        name="town",
        title_zh="镇街",
        title_en="town",
        order=3,
        parents=("county", "city"),  # 东莞 and 中山 have no counties: their towns hang under the city
        code_digits=(9, 12),
        example="441900401",
    ),
)
