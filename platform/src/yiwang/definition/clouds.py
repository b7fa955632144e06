"""What sites stand on: substrates, the clouds below them, and the channels by which releases arrive."""

from __future__ import annotations

from yiwang.model.cloud import CloudSpec
from yiwang.model.distribution import ChannelSpec
from yiwang.model.substrate import SubstrateSpec

CLOUDS = (CloudSpec(name="local", title_zh="本机", title_en="this machine"),)

SUBSTRATES = (
    SubstrateSpec(
        name="process",
        title_zh="进程",
        title_en="processes",
        module="yiwang.substrates.process:ProcessSite",
        clouds=("local",),
    ),
)

CHANNELS = (
    ChannelSpec(name="pilot", title_zh="试点", title_en="pilot: first after the twin", order=0),
    ChannelSpec(name="stable", title_zh="稳定", title_en="stable: after the pilots", order=1),
)
