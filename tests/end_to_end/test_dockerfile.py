"""What the Dockerfile promises, read from its text; test_image.py runs it."""

import json
import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8").replace("\\\n", " ")


def instructions(name: str) -> list[str]:
    """The arguments of every instruction of that name, in order."""
    return re.findall(rf"^(?:HEALTHCHECK .*)?\b{name} +(.+)$", DOCKERFILE, re.MULTILINE)


def test_packages_are_installed_by_their_hashes_from_the_service_lock() -> None:
    installs = [line for line in instructions("RUN") if "pip" in line and "install" in line]
    assert len(installs) == 1
    assert "--require-hashes" in installs[0]
    assert "--no-deps" in installs[0]
    assert [line.split()[0] for line in instructions("COPY") if "requirements" in line] == [
        "requirements/service.txt"
    ]


def test_it_names_no_address_and_no_index() -> None:
    assert not re.search(r"https?://(?!127\.0\.0\.1)|index-url|find-links", DOCKERFILE)


def test_it_runs_as_nobody_special() -> None:
    assert instructions("USER") == ["10001:10001"]


def test_no_shell_stands_between_sigterm_and_the_server() -> None:
    check, serve = (json.loads(command) for command in instructions("CMD"))
    assert serve[:3] == ["bentoml", "serve", "."]
    assert "/readyz" in check[-1]


def test_its_end_gives_a_balancer_time_to_notice() -> None:
    (environment,) = instructions("ENV")
    assert "CUTAWAY_DRAIN_SECONDS=5" in environment


def test_neither_library_reports_home() -> None:
    (environment,) = instructions("ENV")
    assert "BENTOML_DO_NOT_TRACK=True" in environment
    assert "ORT_DISABLE_TELEMETRY=1" in environment


def test_everything_that_is_copied_is_let_through_to_the_build() -> None:
    let_through = set((ROOT / ".dockerignore").read_text(encoding="utf-8").split("\n"))
    for line in instructions("COPY"):
        source = line.split()[0]
        if not source.startswith("--from="):
            assert f"!{source}" in let_through
            assert (ROOT / source).exists()


def test_nothing_of_export_and_no_model_goes_into_the_image() -> None:
    sources = {line.split()[0] for line in instructions("COPY")}
    assert sources == {
        "requirements/service.txt",
        "--from=packages",
        "bentofile.yaml",
        "bundle",
        "engine",
        "service",
    }
