"""What a process loads is what it needs."""

import subprocess
import sys
from pathlib import Path

import pytest

from core.bootstrap.infrastructure import Infrastructure
from core.bootstrap.shared import Shared
from core.ground.ids import new_id
from core.settings import Settings
from tests.support.faces import enrol, enrolled
from tests.support.models import models_dir
from tests.support.photos import ROOT


def test_web_tier_loads_no_model_library() -> None:
    script = "import sys, efr_web.app; print({'dlib', 'onnxruntime', 'cv2'} & set(sys.modules))"

    finished = subprocess.run(
        [sys.executable, "-c", script],
        cwd=ROOT,
        env={"PYTHONPATH": "web-tier"},
        capture_output=True,
        text=True,
        check=True,
    )

    assert finished.stdout == "set()\n"


def test_client_loads_neither_numpy_nor_what_is_the_services_own() -> None:
    script = "import sys; from elastic_face import Client, Engine; print(*sys.modules)"
    command = [sys.executable, "-c", script]

    finished = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)

    modules = set(finished.stdout.split())
    assert not modules & {*HEAVY, "numpy", "pydantic_settings", "core.settings", "core.faces"}


LIBRARIES = {"boto3", "faiss", "flask", "lancedb", "pandas", "pebble", "pyarrow"}
HEAVY = LIBRARIES | {"dlib", "onnxruntime", "PIL"}


def loaded_by(command: list[str], tmp_path: Path) -> tuple[str, set[str]]:
    """Return what a command prints on a home in a folder, and the modules that it imports."""
    script = (
        "import atexit, sys; "
        "atexit.register(lambda: print(*sys.modules, file=open(sys.argv[-1], 'w'))); "
        "from efr_cli.app import main; main(sys.argv[1:-1], prog_name='efr')"
    )
    modules = tmp_path / "modules"
    finished = subprocess.run(
        [sys.executable, "-c", script, *command, str(modules)],
        env={
            "STORAGE": f"file://{tmp_path}/home",
            "QUEUE": f"sqlite:///{tmp_path}/queue",
            "PYTHONPATH": f"{ROOT}:{ROOT / 'cli'}",
        },
        capture_output=True,
        text=True,
        check=True,
    )
    return finished.stdout, set(modules.read_text().split())


def test_help_loads_neither_libraries_nor_settings(tmp_path: Path) -> None:
    output, modules = loaded_by(["--help"], tmp_path)

    assert output.startswith("Usage: efr ")
    assert not modules & {*HEAVY, "numpy", "pydantic"}


def test_list_of_collections_loads_no_gallery_and_no_engine(tmp_path: Path) -> None:
    output, modules = loaded_by(["collections", "list"], tmp_path)

    assert output.startswith("collection ")
    assert not modules & HEAVY


def test_list_of_people_loads_nothing_that_searches_or_checks_lancedb(tmp_path: Path) -> None:
    home, queue = f"file://{tmp_path}/home", f"sqlite:///{tmp_path}/queue"
    settings = Settings(_env_file=None, storage=home, queue=queue)
    shared = Shared(settings, Infrastructure.on_this_machine(settings))
    enrol(shared, enrolled("Ada", 0.5, new_id()), collection_id="default")
    shared.index.close()

    output, modules = loaded_by(["people", "list", "--collection", "default"], tmp_path)

    assert "Ada" in output
    assert "lancedb" in modules
    assert not modules & {"faiss", "overrides.overrides", "dlib", "onnxruntime"}


def test_engine_with_converted_networks_loads_nothing_that_converts() -> None:
    script = (
        "import pathlib, sys; from core.faces.engines.builtin import FaceEngine; "
        "FaceEngine.load(models_dir=pathlib.Path(sys.argv[1]), max_pixels=1); "
        "print({'onnx', 'onnxruntime.quantization'} & set(sys.modules))"
    )

    finished = subprocess.run(
        [sys.executable, "-c", script, str(models_dir())],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )

    assert finished.stdout == "set()\n"


def test_engine_leaves_nothing_in_the_home_folder(tmp_path: Path) -> None:
    """onnxruntime keeps a device's id there when it reports its use."""
    script = (
        "import pathlib, sys; from core.faces.engines.builtin import FaceEngine; "
        "FaceEngine.load(models_dir=pathlib.Path(sys.argv[1]), max_pixels=1)"
    )

    finished = subprocess.run(
        [sys.executable, "-c", script, str(models_dir())],
        cwd=ROOT,
        env={"HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )

    assert finished.stderr == ""
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_galleries_are_read_without_the_client_of_a_catalogue(tmp_path: Path) -> None:
    """Its functions take a second to import, in every process, and its types a third of one."""
    script = (
        "import sys; from core.gallery.lance.connection import renewable_connection; "
        "renewable_connection(sys.argv[1], {}).run(lambda made: made.tables.list_tables()); "
        "loaded = [name for name in sys.modules if 'urllib3_client' in name]; "
        "print([name for name in loaded if '.api.' in name], len(loaded) < 40)"
    )

    finished = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )

    assert finished.stdout == "[] True\n"


@pytest.mark.skipif(sys.version_info >= (3, 12), reason="LanceDB does without it from 3.12 on")
def test_package_that_checks_methods_is_there_for_others_once_lancedb_is_loaded() -> None:
    script = (
        "import sys; from core.gallery.lance.connection import _lancedb; _lancedb(); "
        "print('overrides' in sys.modules); "
        "import overrides; print(overrides.__file__.endswith('overrides/__init__.py'))"
    )

    finished = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True
    )

    assert finished.stdout == "False\nTrue\n"
