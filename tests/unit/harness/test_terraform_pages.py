"""What docs/deploy-aws.md says of costs and variables."""

import json
import re

import pytest

from harness.terraform import costs
from harness.terraform.costs import COMPLETE, SMALL, monthly
from harness.terraform.page import variables
from harness.terraform.program import DEPLOY


def test_more_photos_cost_more_by_what_their_requests_cost() -> None:
    job = json.loads(costs.PIPELINE.read_text())["one_megapixel"]["backlog"]
    idle, busy = monthly(COMPLETE, 0), monthly(COMPLETE, 1_000_000)

    more = busy["S3 and SQS requests"] - idle["S3 and SQS requests"]

    # 30 million photos: two writes at 5 dollars per million are most of it.
    assert more == pytest.approx(30 * 5 * job["requests_per_job"]["s3.PutObject"], rel=0.25)
    assert sum(monthly(SMALL, 0).values()) < sum(idle.values()) < sum(busy.values())


def test_idle_service_pays_for_no_worker() -> None:
    prices = json.loads(costs.PRICES.read_text())
    autoscaler = 0.25 * prices["per_hour"]["fargate_vcpu"] + 0.5 * prices["per_hour"]["fargate_gb"]

    assert monthly(SMALL, 0)["workers and autoscaler"] == pytest.approx(730 * autoscaler)


@pytest.mark.parametrize(("plan", "example"), [(SMALL, "small"), (COMPLETE, "complete")])
def test_costs_are_those_of_the_example(plan: costs.Plan, example: str) -> None:
    text = (DEPLOY / "terraform" / "examples" / f"{example}.tfvars").read_text()

    assert plan.web_tasks == int(re.findall(r"least = (\d+)", text)[0])
    assert plan.has_nat == ('egress                = "public"' not in text)
    assert plan.log_metrics == (not re.search(r"log_metrics\s+= false", text))


def test_every_variable_is_described_in_a_sentence() -> None:
    found = list(variables())

    assert {each.name for each in found if each.default is None} == {"domain_name", "image_tag"}
    assert all(each.description.endswith(".") for each in found)
