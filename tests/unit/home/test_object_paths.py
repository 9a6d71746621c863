"""Keys of objects as paths."""

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from core.home.object_paths import object_path, stored_keys

SEGMENTS = st.text(
    st.sampled_from("ab.-_/ %=é😀~\x00\n") | st.characters(exclude_categories=["Cs"]),
    min_size=1,
    max_size=70,
)
KEYS = st.lists(SEGMENTS, min_size=1, max_size=3).map("/".join)


@given(key=KEYS)
def test_no_key_leads_out_of_the_folder(key: str) -> None:
    path = object_path(Path("/home"), key)

    assert ".." not in path.parts
    assert path.parts[:2] == ("/", "home")
    assert all(0 < len(part) <= 255 and not part.startswith(".") for part in path.parts[1:])


@given(keys=st.sets(KEYS, min_size=2, max_size=6))
def test_every_key_has_a_path_of_its_own_that_is_no_folder(keys: set[str]) -> None:
    paths = [object_path(Path("/home"), key) for key in keys]

    assert len(set(paths)) == len(keys)
    assert not {parent for path in paths for parent in path.parents} & set(paths)


@given(keys=st.sets(KEYS, max_size=8), prefix=KEYS | st.just(""), after=KEYS | st.just(""))
def test_stored_keys_are_found_in_order_behind_any_key(
    tmp_path_factory: object, keys: set[str], prefix: str, after: str
) -> None:
    folder = tmp_path_factory.mktemp("objects")  # type: ignore[attr-defined]
    for key in keys:
        path = object_path(folder, key)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    some = min(keys, default="")

    for begin in {"", prefix, some[:1], some[:3]}:
        for behind in {"", after, some}:
            found = [key for key, _ in stored_keys(folder, begin, behind)]
            assert found == sorted(k for k in keys if k.startswith(begin) and k > behind)


def test_many_ids_are_spread_over_folders_of_few_entries(tmp_path: Path) -> None:
    folders = {
        object_path(tmp_path, f"{number:04x}-a-job").parent for number in range(0, 65_536, 7)
    }

    assert len(folders) == 256
