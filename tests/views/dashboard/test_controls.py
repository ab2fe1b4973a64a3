from __future__ import annotations

from inventory_lab.views.dashboard.controls import Controls

FAULTS = ("throttle", "duplicate_delivery")


def test_every_control_has_a_label() -> None:
    controls = Controls(FAULTS, ("map", "shards"))
    assert len(controls.actions) == 14
    assert all(control.description for control in controls.actions)


def test_every_control_is_in_the_box_and_can_be_reached_with_the_keyboard() -> None:
    controls = Controls(FAULTS, ("map", "shards"))
    reached: list[object] = []
    boxes = [controls.box]
    while boxes:
        children = boxes.pop().children
        boxes += [child for child in children if hasattr(child, "children")]
        reached += [child for child in children if not hasattr(child, "children")]
    assert set(map(id, controls.actions)) <= set(map(id, reached))
    unreachable = {"Tab", "Accordion", "Dropdown", "RadioButtons", "FloatSlider", "IntSlider"}
    assert not unreachable & {type(control).__name__ for control in [*reached, controls.box]}


def test_a_real_account_has_no_faults_to_switch_on() -> None:
    controls = Controls((), ("map",))
    assert controls.plan() == {}
    assert not any(
        controls.show_faults in getattr(b, "children", ()) for b in controls.box.children
    )


def test_the_plan_has_what_is_switched_on_with_its_probability() -> None:
    controls = Controls(FAULTS, ("map",))
    controls.probability.value = 0.5
    controls.faults["throttle"].value = True
    assert controls.plan() == {"throttle": 0.5}


def test_the_buttons_say_what_they_do_next() -> None:
    controls = Controls(FAULTS, ("map",))
    controls.show_running(is_live=True, is_generating=True)
    assert (controls.live.description, controls.generate.description) == ("Pause", "Stop generator")
    controls.show_running(is_live=True, is_generating=False)
    assert controls.generate.description == "Start generator"
