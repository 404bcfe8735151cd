"""Containers of our images, run by podman with everything taken away."""

import os
import resource
import subprocess

FILES = resource.getrlimit(resource.RLIMIT_NOFILE)[1]  # podman asks for more than some hosts give
LIMITS = (f"--ulimit=nofile={FILES}:{FILES}", "--ulimit=nproc=4096:4096")
HARDENED = (
    "--read-only",
    "--read-only-tmpfs=false",
    "--tmpfs=/tmp:rw,size=64m,noexec,nosuid,nodev",
    "--cap-drop=ALL",
    "--security-opt=no-new-privileges",
    "--memory=1g",
    "--memory-swap=1g",
    "--pids-limit=512",
    *LIMITS,
)
"""A read-only root, no privileges, little memory."""


def podman(*arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
    """Run podman; there may be no systemd to run health checks, so they are run by hand."""
    return subprocess.run(
        ["podman", *arguments],
        env=os.environ | {"DISABLE_HC_SYSTEMD": "true"},
        capture_output=True,
        text=True,
        check=check,
    )
