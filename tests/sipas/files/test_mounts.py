"""Which file system a folder lies on, and what the doctor says of it."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from sipas.cli.operator.doctor.command import doctor
from sipas.files import mounts
from sipas.files.mounts import Mount, mount_of

TABLE = """\
22 1 254:0 / / rw,relatime - ext4 /dev/vda rw
30 22 254:1 / /srv rw - xfs /dev/vdb rw,inode64
31 22 0:40 /vol /srv/the\\040data rw shared:1 - btrfs /dev/vdc rw,subvol=/vol
32 22 254:3 / /mnt rw - ext4 /dev/vdd rw
33 22 254:4 / /mnt rw - ext4 /dev/vde rw,data=journal
"""


@pytest.mark.parametrize(
    ("folder", "kind", "copies"),
    [
        ("/home/sipas", "ext4", ""),
        ("/srv/sipas", "xfs", ""),
        ("/srv/the data/sipas", "btrfs", "btrfs"),
        ("/srv/the database", "xfs", ""),
        ("/mnt/sipas", "ext4", "ext4, data=journal"),
    ],
)
def test_the_file_system_of_a_folder_is_that_of_the_nearest_mount(folder, kind, copies):
    found = mount_of(Path(folder), TABLE)
    assert (found.kind, found.copies) == (kind, copies)


def test_here_it_is_found_as_well():
    assert mount_of(Path("/proc")).kind == "proc"


def test_the_doctor_warns_of_a_file_system_that_does_not_overwrite(database, settings, monkeypatch):
    monkeypatch.setenv("SIPAS_HOME", str(settings.home))
    monkeypatch.setenv("SIPAS_LANGUAGE", "en")
    assert "does not overwrite in place" not in CliRunner().invoke(doctor).output
    monkeypatch.setattr(mounts, "mount_of", lambda _folder: Mount("btrfs"))
    told = CliRunner().invoke(doctor).output
    assert "[ !] SIPAS_HOME lies on a file system that does not overwrite in place (btrfs)" in told
    monkeypatch.setattr(mounts, "is_in_place", lambda _folder: True)
    assert "does not overwrite in place" not in CliRunner().invoke(doctor).output
