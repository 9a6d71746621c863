"""What an account has, by asking each service for its kinds of things."""

from collections import Counter
from collections.abc import Callable
from contextlib import closing
from typing import Any, Final

_KINDS: Final[tuple[tuple[str, str, str, dict[str, Any]], ...]] = (
    ("acm", "list_certificates", "CertificateSummaryList", {}),
    ("application-autoscaling", "describe_scalable_targets", "ScalableTargets", {"of": "ecs"}),
    ("application-autoscaling", "describe_scaling_policies", "ScalingPolicies", {"of": "ecs"}),
    ("autoscaling", "describe_auto_scaling_groups", "AutoScalingGroups", {}),
    ("backup", "list_backup_plans", "BackupPlansList", {}),
    ("backup", "list_backup_vaults", "BackupVaultList", {}),
    ("cloudwatch", "describe_alarms", "MetricAlarms", {}),
    ("cloudwatch", "list_dashboards", "DashboardEntries", {}),
    ("codedeploy", "list_applications", "applications", {}),
    ("ec2", "describe_addresses", "Addresses", {}),
    ("ec2", "describe_instances", "Reservations", {"alive": "instance-state-name"}),
    ("ec2", "describe_internet_gateways", "InternetGateways", {}),
    ("ec2", "describe_launch_templates", "LaunchTemplates", {}),
    ("ec2", "describe_nat_gateways", "NatGateways", {}),
    ("ec2", "describe_network_interfaces", "NetworkInterfaces", {}),
    ("ec2", "describe_route_tables", "RouteTables", {}),
    ("ec2", "describe_security_groups", "SecurityGroups", {}),
    ("ec2", "describe_subnets", "Subnets", {}),
    ("ec2", "describe_vpc_endpoints", "VpcEndpoints", {}),
    ("ec2", "describe_vpcs", "Vpcs", {}),
    ("ecr", "describe_repositories", "repositories", {}),
    ("ecs", "list_clusters", "clusterArns", {}),
    ("ecs", "list_task_definitions", "taskDefinitionArns", {}),
    ("elbv2", "describe_load_balancers", "LoadBalancers", {}),
    ("elbv2", "describe_target_groups", "TargetGroups", {}),
    ("iam", "list_instance_profiles", "InstanceProfiles", {}),
    ("iam", "list_open_id_connect_providers", "OpenIDConnectProviderList", {}),
    ("iam", "list_policies", "Policies", {"Scope": "Local"}),
    ("iam", "list_roles", "Roles", {}),
    ("kms", "list_keys", "Keys", {}),
    ("logs", "describe_log_groups", "logGroups", {}),
    ("logs", "describe_metric_filters", "metricFilters", {}),
    ("s3", "list_buckets", "Buckets", {}),
    ("sns", "list_topics", "Topics", {}),
    ("sqs", "list_queues", "QueueUrls", {}),
    ("ssm", "describe_parameters", "Parameters", {}),
    ("wafv2", "list_web_acls", "WebACLs", {"Scope": "REGIONAL"}),
)
"""Service, call, where the answer has them, and what else is asked."""
_ALIVE: Final = ["pending", "running", "shutting-down", "stopping", "stopped"]


def inventory(client: Callable[[str], Any], zone_id: str) -> Counter[str]:
    """Count what there is, by service and kind.

    Parameters
    ----------
    client : callable
        Returns boto3's client of a service.
    zone_id : str
        Zone of Route 53 whose records are counted.
    """
    found: Counter[str] = Counter()
    for service, call, key, asked in _KINDS:
        with closing(client(service)) as asking:
            found[f"{service} {key}"] += len(_asked(getattr(asking, call), asked).get(key, []))
    with closing(client("route53")) as asking:
        records = asking.list_resource_record_sets(HostedZoneId=zone_id)
        found["route53 records"] = len(records["ResourceRecordSets"])
    return +found


def _asked(call: Callable[..., Any], asked: dict[str, Any]) -> Any:
    if "of" in asked:
        return call(ServiceNamespace=asked["of"])
    if "alive" in asked:
        return call(Filters=[{"Name": asked["alive"], "Values": _ALIVE}])
    return call(**asked)
