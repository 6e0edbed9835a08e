"""The container images, as far as they can be judged without an engine."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import yaml

PROJECT = Path(__file__).parents[2]
DOCKERFILE = (PROJECT / "docker/Dockerfile").read_text()
SERVICES = yaml.safe_load((PROJECT / "docker/compose.yaml").read_text())["services"]


def test_an_image_is_built_from_what_the_wheel_is_made_of() -> None:
    let_in = {
        line[1:] for line in (PROJECT / ".dockerignore").read_text().splitlines() if line.startswith("!")
    }
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text())
    wheel = project["tool"]["hatch"]["build"]["targets"]["wheel"]
    needed = {*wheel["packages"], *wheel["force-include"], project["project"]["readme"], "pyproject.toml"}
    assert needed <= let_in
    assert all((PROJECT / path).exists() for path in let_in)


def test_what_the_system_needs_is_installed_as_anywhere_else() -> None:
    assert "setup/install.sh system" in DOCKERFILE
    assert "apt-get install" not in DOCKERFILE


def test_no_image_runs_as_root() -> None:
    stages = re.split(r"^FROM .*$", DOCKERFILE, flags=re.MULTILINE)[2:]
    users = [re.findall(r"^USER (\d+):(\d+)$", stage, re.MULTILINE) for stage in stages]
    assert users == [[("10000", "10000")], [("10001", "10001")]]


def test_the_services_meet_at_a_socket_and_have_no_network_and_no_password() -> None:
    for service in SERVICES.values():
        assert service["network_mode"] == "none"
        assert service["cap_drop"] == ["ALL"]
        assert "ports" not in service
        assert "environment" not in service
        assert "socket:/run/postgresql" in service["volumes"]
