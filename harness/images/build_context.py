"""What a container build sees: the files that ``.dockerignore`` leaves, and what is copied."""

import hashlib
import re
import subprocess
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final, Self

ROOT: Final = Path(__file__).resolve().parents[2]
BESIDE_THE_CONTEXT: Final = (
    ".dockerignore",
    ".env.example",
    "docker-compose.yml",
    "docker/web/Dockerfile",
    "docker/worker/Dockerfile",
    "scripts/prove_containers.sh",
)
"""What a proof depends on beside the files that the builder is given."""


@dataclass(frozen=True, kw_only=True)
class Rule:
    """One line of ``.dockerignore``."""

    pattern: re.Pattern[str]
    includes: bool

    @classmethod
    def of(cls, line: str) -> Self:
        includes = line.startswith("!")
        path = line.removeprefix("!").strip()
        return cls(pattern=_expression(_clean(path)), includes=includes)

    def matches(self, path: PurePosixPath) -> bool:
        """Tell whether it names the path, or a folder above it."""
        above = path.parents[:-1]  # the last one is the context itself
        return any(self.pattern.fullmatch(str(each)) for each in (path, *above))


def ignore_rules(text: str) -> list[Rule]:
    """Return the rules of a ``.dockerignore``; a comment begins at the start of its line.

    References
    ----------
    .. [1] Docker documentation, "Build context", section ".dockerignore files"; the
           matching is that of github.com/moby/patternmatcher.
    """
    lines = (line.strip() for line in text.splitlines() if not line.startswith("#"))
    return [Rule.of(line) for line in lines if line]


def is_sent(path: str, rules: Iterable[Rule]) -> bool:
    """Tell whether the builder is given a file: the last rule that matches decides."""
    sent = True
    for rule in rules:
        if rule.includes != sent and rule.matches(PurePosixPath(path)):
            sent = rule.includes
    return sent


def copied(dockerfile: str) -> Iterator[str]:
    """Yield what a Dockerfile copies from the build context."""
    for line in re.sub(r"\\\n", " ", dockerfile).splitlines():
        words = line.split()
        if words and words[0].upper() in ("COPY", "ADD"):
            flags = [word for word in words[1:] if word.startswith("--")]
            if not any(flag.startswith("--from=") for flag in flags):
                yield from words[1 + len(flags) : -1]


def context_files() -> list[str]:
    """Return the files of the repository that a builder is given, sorted."""
    rules = ignore_rules((ROOT / ".dockerignore").read_text())
    return [name for name in _repository_files() if is_sent(name, rules)]


def inputs_hash() -> str:
    """Return a hash of every file on which the proof of the images depends."""
    total = hashlib.sha256()
    for name in sorted({*context_files(), *BESIDE_THE_CONTEXT}):
        content = hashlib.sha256((ROOT / name).read_bytes()).hexdigest()
        total.update(f"{content}  {name}\n".encode())
    return total.hexdigest()


def _repository_files() -> list[str]:
    """Return the files that git knows or would add, without those that were deleted."""
    listing = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],  # noqa: S607
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    names = {name for name in listing.split("\0") if name}
    return sorted(name for name in names if (ROOT / name).is_file())


def _clean(path: str) -> str:
    parts = [part for part in path.split("/") if part not in ("", ".")]
    return "/".join(parts) or "."


def _expression(pattern: str) -> re.Pattern[str]:
    tokens = re.findall(r"\*\*/?|\*|\?|\[[^\]]*\]|\\.|.", pattern)
    return re.compile("".join(_token(token) for token in tokens))


def _token(token: str) -> str:
    known = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    if token in known:
        return known[token]
    if token.startswith("[") and len(token) > 1:
        return token
    return re.escape(token[1:] if len(token) > 1 else token)
