"""An order from intake to closure within one site, through sign-in and HTTP on real PostgreSQL."""

from __future__ import annotations

from typing import Any


def test_an_order_goes_from_intake_to_closure_through_four_hands(county: Any) -> None:
    registrar, dispatcher = county.person("registrar"), county.person("dispatcher")
    handler, verifier = county.person("handler"), county.person("verifier")
    order = registrar.register()
    assert order["number"] == "441721-20261123-1-0001"
    order = registrar.act(order, "accept")
    order = dispatcher.dispatch(dispatcher.order(order["id"]))
    order = handler.act(handler.order(order["id"]), "sign")
    order = handler.act(order, "dispose", note="已修补路面")
    order = verifier.act(verifier.order(order["id"]), "verify", note="回访满意")
    order = verifier.act(order, "close")
    assert (order["state"], order["state_zh"]) == ("closed", "结案")
    assert [entry["action"] for entry in order["trace"]] == [
        "register", "accept", "dispatch", "sign", "dispose", "verify", "close",
    ]  # fmt: skip
    assert not [action for action in order["actions"] if action["allowed"]]
