"""Writes ``deploy/kustomize`` from the Helm chart, so that both make the same objects.

    python -m scripts.kubernetes.kustomize [FOLDER]

The base has what every overlay has. An overlay adds objects, and patches those of the base.
"""

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import yaml

ROOT: Final = Path(__file__).resolve().parents[2]
CHART: Final = ROOT / "deploy" / "helm" / "elastic-face-recognition"
FOLDER: Final = ROOT / "deploy" / "kustomize"
NAME: Final = "efr"
OVERLAYS: Final = ("dev", "prod")
"""Named as the files of values that they follow."""
_OF_HELM: Final = ("app.kubernetes.io/managed-by", "helm.sh/", "checksum/")
"""Labels and annotations that mean something to Helm alone."""
_HEAD: Final = "# Made from deploy/helm by 'make kustomize'; write an overlay of your own.\n"

Object = dict[str, Any]
Key = tuple[str, str]


def rendered(values: str) -> dict[Key, Object]:
    """Return the chart's objects by kind and name, without what is Helm's."""
    import helm_python

    given = yaml.safe_load((CHART / "ci" / f"{values}.yaml").read_text()) or {}
    # A Job that waits for the end of an upgrade is a hook; Kustomize has none.
    given |= {"upgrade": {"enabled": False}}
    with helm_python.Chart.load(str(CHART)) as chart:
        files = chart.render(given, name=NAME, namespace=NAME)
    found = [
        without_helm(each)
        for path, text in files.items()
        if path.endswith(".yaml")
        for each in yaml.safe_load_all(text)
        if each
    ]
    return {(each["kind"], each["metadata"]["name"]): each for each in found}


def without_helm(part: Any) -> Any:
    """Return a part of an object without the labels and annotations of Helm."""
    if isinstance(part, list):
        return [without_helm(each) for each in part]
    if not isinstance(part, dict):
        return part
    kept = {name: without_helm(value) for name, value in part.items() if not _is_helms(name)}
    if kept.get("annotations") == {}:
        del kept["annotations"]
    return kept


def _is_helms(name: object) -> bool:
    return isinstance(name, str) and name.startswith(_OF_HELM)


def changes(old: Any, new: Any, path: str = "") -> Iterator[Object]:
    """Yield the operations of a JSON patch (RFC 6902) that make the one into the other."""
    if isinstance(old, dict) and isinstance(new, dict):
        for name in sorted(old.keys() | new.keys()):
            place = f"{path}/{name.replace('~', '~0').replace('/', '~1')}"
            if name not in new:
                yield {"op": "remove", "path": place}
            elif name not in old:
                yield {"op": "add", "path": place, "value": new[name]}
            else:
                yield from changes(old[name], new[name], place)
    elif isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        for number, (before, after) in enumerate(zip(old, new, strict=True)):
            yield from changes(before, after, f"{path}/{number}")
    elif old != new:
        yield {"op": "replace", "path": path, "value": new}


def files() -> dict[str, str]:
    """Return all files by their path."""
    overlays = {name: rendered(name) for name in OVERLAYS}
    defaults = rendered("defaults")
    shared = {
        key: defaults.get(key, each)
        for key, each in overlays["prod"].items()
        if all(key in overlay for overlay in overlays.values())
    }
    found = _folder("base", shared, {"resources": []})
    for name, wanted in overlays.items():
        patches = [
            {"target": _target(key), "patch": _text(operations)}
            for key in shared
            if (operations := list(changes(shared[key], wanted[key])))
        ]
        own = {key: each for key, each in wanted.items() if key not in shared}
        about: Object = {"resources": ["../../base"]}
        if patches:
            about["patches"] = patches
        found |= _folder(f"overlays/{name}", own, about)
    return found


def _folder(folder: str, objects: dict[Key, Object], about: Object) -> dict[str, str]:
    """Return the files of a folder: one for each part of the service, and their list."""
    parts: dict[str, list[Object]] = {}
    for each in objects.values():
        part = each["metadata"]["labels"]["app.kubernetes.io/component"]
        parts.setdefault(part, []).append(each)
    head = {"apiVersion": "kustomize.config.k8s.io/v1beta1", "kind": "Kustomization"}
    about = head | about | {"resources": [*about["resources"], *(f"{part}.yaml" for part in parts)]}
    return {f"{folder}/kustomization.yaml": _HEAD + _text(about)} | {
        f"{folder}/{part}.yaml": _HEAD + "---\n".join(map(_text, each))
        for part, each in parts.items()
    }


def _target(key: Key) -> dict[str, str]:
    return {"kind": key[0], "name": key[1]}


class _Dumper(yaml.SafeDumper):
    """Writes text of several lines as such."""


def _as_text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = "|" if "\n" in text else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _as_text)
_Dumper.ignore_aliases = lambda *_: True  # type: ignore[method-assign]


def _text(content: Any) -> str:
    return yaml.dump(content, Dumper=_Dumper, sort_keys=False, width=100)


def main() -> None:
    """Write all files anew, and remove others."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", nargs="?", type=Path, default=FOLDER, help="it has nothing else")
    folder = parser.parse_args().folder
    wanted = files()
    for path in folder.rglob("*.yaml"):
        if str(path.relative_to(folder)) not in wanted:
            path.unlink()
    for name, text in wanted.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


if __name__ == "__main__":
    main()
