"""What docs/deploy-aws.md says of costs and variables."""

import json
import re
from pathlib import Path

import pytest

from core.settings import Settings
from harness import aws_prices
from harness.aws_prices import price
from harness.terraform import costs
from harness.terraform.costs import COMPLETE, SMALL, monthly
from harness.terraform.page import variables
from harness.terraform.program import DEPLOY


def test_deployment_knows_every_setting_and_no_other() -> None:
    listed = re.search(
        r"setting_names = \[(.*?)\]", (DEPLOY / "terraform/settings.tf").read_text(), re.DOTALL
    )

    assert listed is not None
    assert re.findall(r'"(\w+)"', listed[1]) == sorted(map(str.upper, Settings.model_fields))


def test_more_photos_cost_more_by_what_their_requests_cost() -> None:
    job = json.loads(costs.PIPELINE.read_text())["one_megapixel"]["backlog"]
    idle, busy = monthly(COMPLETE, 0), monthly(COMPLETE, 1_000_000)

    more = busy["S3 and SQS requests"] - idle["S3 and SQS requests"]

    # 30 million photos: two writes at 5 dollars per million are most of it.
    assert more == pytest.approx(30 * 5 * job["requests_per_job"]["s3.PutObject"], rel=0.25)
    assert sum(monthly(SMALL, 0).values()) < sum(idle.values()) < sum(busy.values())


def test_idle_service_pays_for_no_worker() -> None:
    autoscaler = 0.25 * price("fargate_vcpu_hour") + 0.5 * price("fargate_gb_hour")

    assert monthly(SMALL, 0)["workers and autoscaler"] == pytest.approx(730 * autoscaler)


def test_costs_of_a_small_service_are_those_computed_by_hand() -> None:
    busy = monthly(SMALL, 10_000)

    # The web task has half a processor and 2 GB; an instance on spot has a disk of 30 GB.
    assert busy["web tier"] == pytest.approx(730 * (0.5 * 0.04048 + 2 * 0.004445))
    assert busy["workers and autoscaler"] == pytest.approx(
        730 * (0.25 * 0.04048 + 0.5 * 0.004445) + 730 * 0.35 * 0.08925 + 30 * 0.08
    )
    # 300,000 photos of 300 KB are 90 GB, and a capacity unit is 1 GB in an hour.
    assert busy["load balancer, firewall, name"] == pytest.approx(
        730 * 0.0225 + 90 * 0.008 + 5 + 4 + 0.3 * 0.6 + 0.5
    )
    # Two addresses of the load balancer, and those of web task, autoscaler and worker.
    assert busy["network"] == pytest.approx(5 * 730 * 0.005)
    assert busy["storage"] == pytest.approx(90 * 0.023 + 10 * 0.1)


def test_every_price_was_compared_and_is_used() -> None:
    used = "".join(Path(module.__file__ or "").read_text() for module in (costs, aws_prices))

    for name, each in aws_prices.LISTED["prices"].items():
        assert f'"{name}"' in used, name
        assert all(page["page"].startswith("https://") for page in each["pages"])
        assert all(re.fullmatch(r"\d{4}-\d\d", page["as_of"]) for page in each["pages"])
        assert each["pages"], name


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
