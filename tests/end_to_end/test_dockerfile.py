"""What the Dockerfile promises, read from its text; test_image.py runs it."""

import json
import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8").replace("\\\n", " ")


def instructions(name: str, text: str = DOCKERFILE) -> list[str]:
    """The arguments of every instruction of that name, in order."""
    return re.findall(rf"^(?:HEALTHCHECK .*)?\b{name} +(.+)$", text, re.MULTILINE)


def stage(name: str) -> str:
    """The instructions of one target, from its FROM to the next."""
    (found,) = re.findall(rf"^FROM \S+ AS {name}\n(.*?)(?=^FROM )", DOCKERFILE, re.DOTALL | re.M)
    return found


def copied(text: str = DOCKERFILE) -> set[str]:
    """What is copied from the checkout, the lock by each name that it may have."""
    sources = {line.split()[0] for line in instructions("COPY", text)} - {"--from=packages"}
    return {source.replace("${LOCK}", lock) for source in sources for lock in ("scoring", "ray")}


def test_packages_are_installed_by_their_hashes_from_the_locks() -> None:
    installs = [line for line in instructions("RUN") if "pip" in line and "install" in line]
    assert len(installs) == 2
    for install in installs:
        assert "--require-hashes" in install
        assert "--no-deps" in install
    assert {path for path in copied() if "requirements" in path} == {
        "requirements/service.txt",
        "requirements/scoring.txt",
        "requirements/ray.txt",
    }


def test_it_names_no_address_and_no_index() -> None:
    assert not re.search(r"https?://(?!127\.0\.0\.1)|index-url|find-links", DOCKERFILE)


def test_it_runs_as_nobody_special() -> None:
    assert instructions("USER", stage("service")) == ["10001:10001"]
    assert instructions("USER", stage("scoring"))[-1] == "10001:10001"


def test_no_shell_stands_between_sigterm_and_the_server() -> None:
    check, serve = (json.loads(command) for command in instructions("CMD", stage("service")))
    assert serve[:3] == ["bentoml", "serve", "."]
    assert "/readyz" in check[-1]


def test_its_end_gives_a_balancer_time_to_notice() -> None:
    (environment,) = instructions("ENV", stage("service"))
    assert "CUTAWAY_DRAIN_SECONDS=5" in environment


def test_no_library_reports_home() -> None:
    (environment,) = instructions("ENV", stage("service"))
    assert "BENTOML_DO_NOT_TRACK=True" in environment
    assert "ORT_DISABLE_TELEMETRY=1" in environment
    assert "RAY_USAGE_STATS_ENABLED=0" in instructions("ENV", stage("scoring"))


def test_everything_that_is_copied_is_let_through_to_the_build() -> None:
    let_through = set((ROOT / ".dockerignore").read_text(encoding="utf-8").split("\n"))
    for source in copied():
        assert f"!{source}" in let_through
        assert (ROOT / source).exists()


def test_nothing_of_export_and_no_model_goes_into_the_images() -> None:
    assert copied(stage("service")) == {"bentofile.yaml", "bundle", "engine", "service"}
    assert copied(stage("scoring")) == {
        "requirements/scoring.txt",
        "requirements/ray.txt",
        "scoring",
    }


def test_without_a_target_the_service_is_built() -> None:
    assert DOCKERFILE.rstrip().endswith("\nFROM service")
