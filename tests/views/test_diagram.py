from __future__ import annotations

import json
from pathlib import Path

import pytest

from inventory_lab import FaultPlan, Lab, ProductAdded, Settings, connect, map_of, simulate
from inventory_lab.views.map_drawing import draw_map
from inventory_lab.views.map_snapshot import read_map
from inventory_lab.views.picture import Picture
from inventory_lab.views.pipeline_map import Access, Arrow, PipelineMap, static_map
from inventory_lab.views.svg import plural
from tests.views import svg_rules

ROOT = Path(__file__).parents[2]
PARTS = (
    "producer", "stream", "mapping", "pipe", "enrichment", "function", "table", "topic", "queues", "build",
)  # fmt: skip


def now(lab: Lab) -> PipelineMap:
    return read_map(lab.account, lab._policy_evaluator(), lab._open_backend().executions())


def arrow(pipeline: PipelineMap, source: str, target: str) -> Arrow:
    return next(a for a in pipeline.arrows if (a.source, a.target) == (source, target))


@pytest.mark.parametrize("part", [None, *PARTS])
def test_the_static_map_keeps_the_rules_whatever_is_lit(part: str | None) -> None:
    svg_rules.check(map_of(part))


def test_the_static_map_names_every_part_and_numbers_the_way_of_an_event() -> None:
    words = svg_rules.words(map_of())
    assert {part.title for part in static_map().parts} <= set(words)
    assert [word for word in words if word in {"1", "2", "3", "4"}] == ["1", "2", "3", "4"]


def test_a_highlight_changes_the_picture_and_only_its_own_part_is_lit() -> None:
    lit = map_of("stream").svg
    assert lit.count("lab-f-lit") - map_of().svg.count("lab-f-lit") == 1
    assert map_of("queues").svg.count('class="lab-f-lit ') == 3
    assert map_of(["stream", "table"]).svg.count('class="lab-f-lit ') == 2


def test_a_part_that_is_not_on_the_map_is_refused_with_the_parts_that_are() -> None:
    with pytest.raises(ValueError, match=r"no part 'lambda'; use one of .*function"):
        map_of("lambda")


def test_the_same_map_is_the_same_bytes() -> None:
    assert map_of("pipe").svg == map_of("pipe").svg


def test_the_picture_of_the_readme_is_the_map_of_today() -> None:
    stored = (ROOT / "docs" / "pipeline.svg").read_text(encoding="utf-8")
    assert stored == map_of().svg + "\n", "run: python -m tools.pipeline_map"
    assert "docs/pipeline.svg" in (ROOT / "README.md").read_text(encoding="utf-8")


def test_in_an_empty_account_every_part_is_missing_and_iam_cannot_tell(lab: Lab) -> None:
    pipeline = now(lab)
    assert {part.exists for part in pipeline.parts} == {False}
    assert {a.answer for a in pipeline.arrows} == {"not known"}
    svg_rules.check(lab.diagram())
    assert lab.diagram().svg.count('stroke-dasharray="6 5"') == 9 + 8 + 1  # parts, arrows, legend


def test_in_a_built_account_every_part_exists_and_iam_allows_every_call(built: Lab) -> None:
    pipeline = now(built)
    assert {part.exists for part in pipeline.parts} == {True}
    assert {a.answer for a in pipeline.arrows} == {"allowed"}
    access = arrow(pipeline, "producer", "stream").access[0]
    assert (access.action, access.statement) == ("kinesis:PutRecords", "PutToOneStream")
    svg_rules.check(built.diagram())


def test_each_arrow_agrees_with_the_evaluator_that_decides_the_calls(built: Lab) -> None:
    iam = built.session("root").client("iam")
    iam.delete_user_policy(UserName="aws-de-user", PolicyName="put-to-one-stream")
    deny = {"Sid": "NoAlerts", "Effect": "Deny", "Action": "sns:*", "Resource": "*"}
    iam.put_role_policy(
        RoleName="update-inventory-role",
        PolicyName="denies",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [deny]}),
    )
    pipeline = now(built)
    refused = arrow(pipeline, "producer", "stream")
    assert refused.answer == "denied"
    assert "no identity-based policy allows" in refused.access[0].reason
    explicit = arrow(pipeline, "function", "topic").access[0]
    assert (explicit.answer, explicit.statement) == ("denied", "NoAlerts")
    assert explicit.policy == "update-inventory-role/denies"
    assert arrow(pipeline, "function", "table").answer == "allowed"


def test_a_trust_policy_that_names_another_service_denies_the_arrow_of_its_role(built: Lab) -> None:
    iam = built.session("root").client("iam")
    trust = iam.get_role(RoleName="inventory-pipe-role")["Role"]["AssumeRolePolicyDocument"]
    trust["Statement"][0]["Principal"] = {"Service": "lambda.amazonaws.com"}
    iam.update_assume_role_policy(RoleName="inventory-pipe-role", PolicyDocument=json.dumps(trust))
    reads = arrow(now(built), "stream", "pipe")
    assert reads.access[0].action == "sts:AssumeRole"
    assert reads.answer == reads.access[0].answer == "denied"
    assert reads.access[1].answer == "allowed"


def test_the_worst_answer_marks_an_arrow() -> None:
    answers = [Access(a, "p", "a", "r") for a in ("allowed", "not known", "denied")]  # type: ignore[arg-type]
    for count, expected in ((1, "allowed"), (2, "not known"), (3, "denied")):
        assert Arrow("pipe", "function", "Invoke", tuple(answers[:count])).answer == expected


def test_a_part_that_does_not_run_shows_its_state(built: Lab) -> None:
    built.account.client("pipes").stop_pipe(Name="inventory-pipe")
    assert now(built).part("pipe").state == "STOPPED"
    assert any(word.startswith("STOPPED") for word in svg_rules.words(built.diagram()))


def test_counters_agree_with_what_the_lab_reports() -> None:
    with connect(settings=Settings(batch_size=10, retries=1)) as lab:
        lab.build()
        with lab.faults(FaultPlan(seed=4, crash_before_effect=0.5)):
            lab.settle(lab.publish(simulate(events=60, products=4, seed=1)))
        pipeline, log = now(lab), lab.pipe_log()
        assert arrow(pipeline, "producer", "stream").counters == ("60 records",)
        retries = int((log["attempt"] > 1).sum())
        assert f"{retries} retries" in arrow(pipeline, "pipe", "function").counters
        letters = len(lab.dead_letters())
        assert letters
        given_up = arrow(pipeline, "pipe", "dead_letter_queue").counters
        assert given_up == (plural(letters, "record"),)
        applied = lab.reports()["applied"]
        assert arrow(pipeline, "function", "table").counters == (f"{applied} applied",)


def test_an_event_source_mapping_is_drawn_where_it_reads_the_stream() -> None:
    with connect(settings=Settings(reader="both", batch_size=10)) as lab:
        svg_rules.check(lab.diagram())
        assert now(lab).part("mapping").exists is False
        lab.build()
        lab.settle(lab.publish(simulate(events=30, products=4, seed=1)))
        pipeline = now(lab)
        assert (pipeline.part("mapping").exists, pipeline.part("mapping").state) == (True, "")
        assert arrow(pipeline, "stream", "mapping").answer == "allowed"
        assert arrow(pipeline, "mapping", "function").answer is None
        assert arrow(pipeline, "mapping", "dead_letter_queue").answer == "allowed"
        log = lab.pipe_log()
        first = log[(log["attempt"] == 1) & (log["pipe"] == "inventory-pipe")]
        assert arrow(pipeline, "stream", "pipe").counters == (plural(len(first), "batch"),)
        assert arrow(pipeline, "stream", "mapping").counters
        svg_rules.check(lab.diagram())


def test_without_a_pipe_the_map_shows_the_mapping_alone() -> None:
    with connect(settings=Settings(reader="mapping")) as lab:
        keys = {part.key for part in now(lab).parts}
        assert "mapping" in keys
        assert "pipe" not in keys


def test_what_a_hover_shows_is_in_the_table_below(built: Lab) -> None:
    picture = built.diagram()
    hovers = [tip.text for tip in picture.tooltips if "allowed" in tip.text]
    assert len(hovers) == 8
    for hover in hovers:
        for line in hover.splitlines()[1::2]:
            assert line.split(" in ")[0] in picture.below


def test_the_drawing_speaks_to_those_who_do_not_see_it(built: Lab) -> None:
    built.settle(built.publish(ProductAdded("Phone", 20)))
    spoken = built.diagram().description
    assert "Producer to Kinesis stream: PutRecords (allowed, 1 record)" in spoken
    assert f'alt="The pipeline now. {spoken}"' in built.diagram()._repr_html_()


def test_text_from_an_account_cannot_become_markup() -> None:
    parts = static_map().parts
    evil = type(parts[0])("producer", "<script>", "a", '"><b>', exists=True)
    picture = draw_map(PipelineMap((evil, *parts[1:]), static_map().arrows))
    assert "<script>" not in picture.svg
    assert "<b>" not in Picture.__dict__["_repr_html_"](picture).split("/>", 1)[1]
    svg_rules.root_of(picture)


def test_a_diagram_changes_nothing(built: Lab) -> None:
    built.publish(ProductAdded("Phone", 20))
    before = built.clock.now()
    first, second = built.diagram().svg, built.diagram().svg
    assert first == second
    assert built.clock.now() == before
    assert built.pump().records == 1
