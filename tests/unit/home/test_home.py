"""The home that the settings describe, and what it must be like."""

import os
from pathlib import Path

import pytest
from pydantic import ValidationError

from core.aws.provisioning import provision
from core.bootstrap.infrastructure import Infrastructure
from core.bootstrap.shared import Shared
from core.errors import DataTooNew, HomeUnusable, InvalidSettings
from core.home.home import Home
from core.home.home_folder import check_place, make_home, once_per_boot
from core.settings import Settings
from tests.support.backends import home_settings
from tests.support.indexes import LENGTH, face_at, new_gallery


def settings_error(**settings: str) -> str:
    with pytest.raises(ValidationError) as error:
        Settings(_env_file=None, **settings)  # type: ignore[arg-type]
    return str(error.value)


def test_home_is_made_once_and_found_by_the_next_process(tmp_path: Path) -> None:
    settings = home_settings(tmp_path / "some" / "home")
    Home.made(settings).queue(settings.sqs_req_queue_name).send("a body")

    again = Home.made(settings)

    (message,) = again.queue(settings.sqs_req_queue_name).receive(limit=1, wait_s=0)
    assert message.body == "a body"
    assert sorted(each.name for each in (tmp_path / "some" / "home").iterdir()) == [
        "format",
        "gallery-bucket",
        "input-bucket",
        "output-bucket",
        "queues.sqlite",
        "queues.sqlite-shm",
        "queues.sqlite-wal",
        "queues.sqlite.lock",
    ]


def test_folder_may_have_any_name(tmp_path: Path) -> None:
    folder = tmp_path / "a b%20c#d?é"
    settings = home_settings(folder)
    shared = Shared(settings, Infrastructure.of(settings))
    gallery_id = new_gallery()

    shared.index.create(gallery_id, length=LENGTH)
    shared.index.put(gallery_id, [face_at(1)])
    shared.inputs.put("key", b"bytes", content_type="")

    assert shared.index.count(gallery_id) == 1
    shared.index.close()
    assert list(tmp_path.iterdir()) == [folder]
    assert (folder / "gallery-bucket" / "galleries" / f"{gallery_id}.lance").is_dir()


def test_settings_choose_between_this_machine_and_aws(tmp_path: Path) -> None:
    home = Infrastructure.of(home_settings(tmp_path))
    aws = Infrastructure.of(Settings(_env_file=None, aws_endpoint_url="http://localhost:1"))

    assert home.keep_house is not None
    assert aws.keep_house is None
    assert home.bucket("a-bucket") is home.bucket("a-bucket")
    assert home.queue("a-queue") is home.queue("a-queue")


def test_storage_and_queue_go_together() -> None:
    assert "STORAGE and QUEUE go together" in settings_error(storage="file:///var/lib/efr")
    assert "STORAGE and QUEUE go together" in settings_error(queue="sqlite:///var/lib/efr.sqlite")


@pytest.mark.parametrize("place", ["/var/lib/efr", "file://var/lib", "file:///", "s3://bucket"])
def test_storage_is_an_absolute_path_with_its_scheme(place: str) -> None:
    assert "file:///var/lib/efr" in settings_error(storage=place, queue="sqlite:///q")


def test_places_have_one_spelling() -> None:
    settings = Settings(_env_file=None, storage="file:////a/b/../c/", queue="sqlite:////q")

    assert (settings.home_folder, settings.queue_file) == (Path("/a/c"), Path("/q"))
    assert settings.whereabouts == "Storage: /a/c; queues: /q"


def test_workers_of_other_machines_are_refused() -> None:
    text = settings_error(storage="file:///a", queue="sqlite:///b", asg_name="workers")

    assert "S3 and SQS" in text


def test_nothing_is_set_up_on_aws_for_a_home(tmp_path: Path) -> None:
    with pytest.raises(InvalidSettings, match="nothing on AWS"):
        provision(home_settings(tmp_path))


def test_folder_that_can_not_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    for place in (tmp_path / "file", tmp_path / "file" / "home"):
        with pytest.raises(HomeUnusable, match=r"STORAGE.*file"):
            Home.made(home_settings(place))


def test_file_of_queues_that_can_not_be_made_is_named(tmp_path: Path) -> None:
    settings = home_settings(tmp_path).model_copy(update={"queue": f"sqlite://{tmp_path}"})

    with pytest.raises(HomeUnusable, match="QUEUE"):
        Home.made(settings)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_folder_of_another_user_is_named(tmp_path: Path) -> None:
    home = tmp_path / "home"
    Home.made(home_settings(home))
    home.chmod(0o500)

    with pytest.raises(HomeUnusable, match="STORAGE"):
        Home.made(home_settings(home))


def test_home_of_a_newer_version_is_left_alone(tmp_path: Path) -> None:
    make_home(tmp_path / "home", [], tables=tmp_path / "home" / "tables")
    (tmp_path / "home" / "format").write_text("2\n")

    with pytest.raises(DataTooNew, match="newer version"):
        make_home(tmp_path / "home", [], tables=tmp_path / "home" / "tables")


MOUNTS = """\
22 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw
30 22 0:44 / /srv/shared\\040disk rw,relatime shared:9 - nfs4 server:/disk rw
31 30 254:1 / /srv/shared\\040disk/own rw,relatime - ext4 /dev/vdb rw
"""


def test_disk_that_other_machines_may_share_is_refused(tmp_path: Path) -> None:
    mounts = tmp_path / "mountinfo"
    mounts.write_text(MOUNTS)

    with pytest.raises(HomeUnusable, match=r"STORAGE.*nfs4.*one machine"):
        check_place("STORAGE", Path("/srv/shared disk/efr"), mounts=mounts)
    check_place("STORAGE", Path("/srv/shared disk/own/efr"), mounts=mounts)
    check_place("STORAGE", Path("/srv/shared"), mounts=mounts)
    check_place("STORAGE", Path("/srv"), mounts=tmp_path / "not-there")


def test_first_process_after_a_boot_does_what_others_wait_for(tmp_path: Path) -> None:
    done: list[str] = []
    boot = tmp_path / "boot_id"
    for number in ("first", "first", "second", "second"):
        boot.write_text(number)
        once_per_boot(tmp_path, lambda number=number: done.append(number), boot=boot)  # type: ignore[misc]

    assert done == ["first", "second"]
