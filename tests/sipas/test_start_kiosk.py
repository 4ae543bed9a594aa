"""The script that starts a kiosk's screen, with a Chromium that only says how it was called."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

import sipas

SCRIPT = Path(sipas.__file__).parent / "docs/kiosk/start-kiosk.sh"


@pytest.fixture
def started(tmp_path):
    """Runs the script until Chromium has ended so many times; how it was called each time, and the profile."""

    def runs(address: str, times: int = 1) -> tuple[list[list[str]], Path]:
        programs, said, profile = tmp_path / "bin", tmp_path / "said", tmp_path / "profile"
        programs.mkdir(exist_ok=True)
        # `sleep` ends the loop by killing the script that waits; Chromium itself ends with a failure each time.
        stop = f'[ "$(wc -l < {said})" -lt {times} ] || kill $PPID'
        for name, deed in (("chromium", f'echo "$@" >> {said}; exit 3'), ("sleep", stop), ("xset", ":")):
            (programs / name).write_text(f"#!/bin/sh\n{deed}\n")
            (programs / name).chmod(0o755)
        path = {"PATH": f"{programs}:/usr/bin:/bin", "HOME": str(tmp_path), "SIPAS_PROFILE": str(profile)}
        subprocess.run(["sh", str(SCRIPT), address], env={**path, "SIPAS_KEYS": "all"}, timeout=20, check=False)
        return [line.split() for line in said.read_text().splitlines()], profile

    return runs


@pytest.mark.parametrize(
    ("address", "origin"),
    [
        ("https://sipas.example.vn/k/to-hieu-1", "https://sipas.example.vn:443"),
        ("https://10.0.0.7:8443/k/to-hieu-1", "https://10.0.0.7:8443"),
        ("http://127.0.0.1/k/to-hieu-1", "http://127.0.0.1:80"),
    ],
)
def test_a_new_profile_lets_this_site_and_no_other_keep_its_store_for_good(started, address, origin):
    _, profile = started(address)
    kept = json.loads((profile / "Default/Preferences").read_text())["profile"]["content_settings"]["exceptions"]
    assert kept == {"durable_storage": {f"{origin},*": {"setting": 1}}}


def test_a_profile_that_was_used_is_left_as_it_is_and_a_stale_lock_goes(started, tmp_path):
    used = tmp_path / "profile/Default/Preferences"
    used.parent.mkdir(parents=True)
    used.write_text("{}")
    (tmp_path / "profile/SingletonLock").symlink_to("nowhere-1")
    started("https://sipas.example.vn/k/to-hieu-1")
    assert used.read_text() == "{}"
    assert not (tmp_path / "profile/SingletonLock").is_symlink()


def test_chromium_fills_the_screen_without_its_page_memory_and_starts_again_when_it_ends(started):
    calls, profile = started("https://sipas.example.vn/k/to-hieu-1", times=3)
    assert len(calls) == 3
    for words in calls:
        assert {"--kiosk", "--disable-pinch", "--overscroll-history-navigation=0"} < set(words)
        (off,) = [word for word in words if word.startswith("--disable-features=")]
        assert "BackForwardCache" in off
        assert f"--user-data-dir={profile}" in words
        assert words[-1] == "https://sipas.example.vn/k/to-hieu-1"
