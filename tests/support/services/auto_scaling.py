"""Auto Scaling, as moto's server has it."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from moto.server import ThreadedMotoServer

from core.settings import Settings

GROUP: Final = "workers"


@contextmanager
def moto_server() -> Iterator[Settings]:
    """Run moto's server; yield the settings that point there."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield settings_for(f"http://{host}:{port}")
    server.stop()


def settings_for(address: str) -> Settings:
    return Settings(
        _env_file=None,
        aws_endpoint_url=address,
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )


def make_group(client: Any, *, least: int, most: int) -> None:
    """Make a group that has as few instances as it may."""
    client.create_launch_configuration(
        LaunchConfigurationName="worker", ImageId="ami-12345678", InstanceType="c6i.large"
    )
    client.create_auto_scaling_group(
        AutoScalingGroupName=GROUP,
        LaunchConfigurationName="worker",
        MinSize=least,
        MaxSize=most,
        AvailabilityZones=["us-east-1a"],
    )
