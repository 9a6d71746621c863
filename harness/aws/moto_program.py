"""moto's server, with what Terraform asks for and moto lacks.

    python harness/aws/moto_program.py -H 127.0.0.1 -p 5000

moto 5.2.5 has no tags of what is scaled, replaces no instances, changes and removes nothing of
CodeDeploy, and knows AWS's own policies only when it is told to.
"""

import json
import os
import sys
from typing import Any

_tags: dict[str, Any] = {}
"""Tags of what is scaled, by ARN."""


def fill_gaps() -> None:
    """Give moto's server the missing calls."""
    from moto.applicationautoscaling.responses import ApplicationAutoScalingResponse
    from moto.autoscaling.responses import AutoScalingResponse
    from moto.codedeploy.responses import CodeDeployResponse

    register = ApplicationAutoScalingResponse.register_scalable_target

    def register_with_tags(self: Any) -> str:
        answer = register(self)
        given = self._get_param("Tags")
        if given:
            _tags[json.loads(answer)["ScalableTargetARN"]] = given
        return answer

    def list_tags_for_resource(self: Any) -> str:
        return json.dumps({"Tags": _tags.get(self._get_param("ResourceARN"), {})})

    for name, call in (
        ("register_scalable_target", register_with_tags),
        ("list_tags_for_resource", list_tags_for_resource),
    ):
        setattr(ApplicationAutoScalingResponse, name, call)
    setattr(AutoScalingResponse, "start_instance_refresh", _start_instance_refresh)  # noqa: B010
    for name, change in (
        ("update_deployment_group", _update_deployment_group),
        ("delete_deployment_group", _delete_deployment_group),
        ("delete_application", _delete_application),
    ):
        setattr(CodeDeployResponse, name, change)


def _start_instance_refresh(_: Any) -> Any:
    from moto.core.responses import ActionResult

    return ActionResult({"InstanceRefreshId": "00000000-0000-0000-0000-000000000000"})


def _update_deployment_group(_: Any) -> Any:
    from moto.core.responses import ActionResult

    return ActionResult({"hooksNotCleanedUp": []})


def _delete_deployment_group(self: Any) -> Any:
    from moto.core.responses import ActionResult

    groups = self.codedeploy_backend.deployment_groups[self._get_param("applicationName")]
    groups.pop(self._get_param("deploymentGroupName"), None)
    return ActionResult({"hooksNotCleanedUp": []})


def _delete_application(self: Any) -> Any:
    from moto.core.responses import EmptyResult

    name = self._get_param("applicationName")
    self.codedeploy_backend.applications.pop(name, None)
    self.codedeploy_backend.deployment_groups.pop(name, None)
    return EmptyResult()


def main() -> None:
    """Serve until this process is ended."""
    os.environ["MOTO_IAM_LOAD_MANAGED_POLICIES"] = "true"  # noqa: TID251 - moto reads it
    from moto.server import main as serve

    fill_gaps()
    serve(sys.argv[1:])


if __name__ == "__main__":
    main()
