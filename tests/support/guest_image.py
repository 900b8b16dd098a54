"""The disk of guests in tests: a kernel, and busybox, whose console shows how far it came (`guest/init`).

    python -m tests.support.guest_image guest.qcow2

Built without root from packages that apt-get downloads; needs e2fsprogs and qemu-utils.
"""

from __future__ import annotations

import gzip
import lzma
import re
import struct
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

SCRIPTS = Path(__file__).parent / "guest"
PROGRAMS = {
    "init": "init",
    "dhcp": "etc/dhcp",
    "power": "etc/acpi/PWRF/00000080",
    "sudo": "bin/sudo",
    "curl": "bin/curl",
}
MODULES = ("virtio_pci", "virtio_blk", "virtio_net", "virtio_rng", "button", "evdev")  # others are built in
PACKAGES = ("busybox-static", "grub-common", "grub-pc-bin", "dropbear-bin")
LIBRARIES = {
    "ld-linux-x86-64.so.2": "libc6",
    "libc.so.6": "libc6",
    "libcrypt.so.1": "libcrypt1",
    "libgmp.so.10": "libgmp10",
    "libtomcrypt.so.1": "libtomcrypt1",
    "libtommath.so.1": "libtommath1",
    "libz.so.1": "zlib1g",
}  # of dropbear, with the packages that they are in
KERNEL = "linux-image-cloud-amd64"

SECTOR = 512
FILES_AT = 2048  # sector of the partition; GRUB's core is before it
FILES_SIZE = 31  # MiB
GRUB_MODULES = ("biosdisk", "part_msdos", "ext2", "linux", "serial", "terminal", "normal")
GRUB = """\
serial --unit=0
terminal_output serial
set root=(hd0,msdos1)
linux /boot/vmlinuz console=tty0 console=ttyS0 quiet panic=5 no_timer_check
initrd /boot/initramfs
boot
"""


def build(image: Path) -> None:
    """Write a bootable qcow2 image."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        packages = unpacked(folder)
        (folder / "boot").mkdir()
        [kernel] = packages.glob("boot/vmlinuz-*")
        kernel.rename(folder / "boot/vmlinuz")
        (folder / "boot/initramfs").write_bytes(gzip.compress(initramfs(packages), mtime=0))
        raw = disk(folder, packages)
        _run("qemu-img", "convert", "-f", "raw", "-O", "qcow2", "-c", str(raw), str(image))


def unpacked(folder: Path) -> Path:
    """A folder with the files of all packages."""
    downloads, files = folder / "downloads", folder / "packages"
    downloads.mkdir(mode=0o777)
    depends = _run("apt-cache", "depends", KERNEL)
    kernels = re.findall(r"Depends: (linux-image-\S+)", depends)[:1]
    wanted = sorted({*PACKAGES, *LIBRARIES.values()})
    _run("apt-get", "download", "-qq", "-o", "APT::Sandbox::User=root", *wanted, *kernels, cwd=downloads)
    for package in sorted(downloads.glob("*.deb")):
        _run("dpkg-deb", "--extract", str(package), str(files))
    return files


# The root file system.

FOLDERS = ("bin", "dev", "etc", "etc/acpi", "etc/acpi/PWRF", "lib64", "modules", "proc", "sys", "www")


@dataclass(frozen=True)
class Member:
    """A file of an archive; without content, a folder."""

    name: str
    content: bytes | None = None
    mode: int = 0o755

    def packed(self, number: int) -> bytes:
        """As the format newc of cpio has it: a header of 13 numbers, the name, and the content."""
        content = self.content or b""
        kind = 0o040000 if self.content is None else 0o100000
        name = self.name.encode() + b"\0"
        numbers = (number, kind | self.mode, 0, 0, 1, 0, len(content), 0, 0, 0, 0, len(name), 0)
        header = b"070701" + b"".join(b"%08X" % value for value in numbers)
        return _aligned(header + name) + _aligned(content)


def initramfs(packages: Path) -> bytes:
    """The archive that the kernel unpacks as its root."""
    members = [*root(packages), Member("TRAILER!!!", b"", 0)]
    return b"".join(member.packed(number) for number, member in enumerate(members, 1))


def root(packages: Path) -> Iterator[Member]:
    """Folders before what is in them."""
    for folder in FOLDERS:
        yield Member(folder)
    for program in ("busybox", "dropbear"):
        [file] = packages.glob(f"**/*bin/{program}")
        yield Member(f"bin/{program}", file.read_bytes())
    for library in LIBRARIES:
        [file] = packages.glob(f"**/lib/x86_64-linux-gnu/{library}")
        yield Member(f"lib64/{library}", file.read_bytes())
    for script, path in PROGRAMS.items():
        yield Member(path, (SCRIPTS / script).read_bytes())
    modules = list(in_order(MODULES, kernel_modules(packages)))
    yield from (Member(f"modules/{module.name}", module.content) for module in modules)
    yield Member("modules/order", "".join(f"{module.name}\n" for module in modules).encode())


@dataclass(frozen=True)
class Module:
    """A kernel module with the names of those that it needs."""

    name: str
    content: bytes

    @property
    def needs(self) -> list[str]:
        """From its section .modinfo, which has entries such as `depends=virtio,virtio_ring`."""
        entry = re.search(rb"\0depends=([^\0]*)\0", self.content)
        return entry.group(1).decode().split(",") if entry and entry.group(1) else []


def kernel_modules(packages: Path) -> dict[str, Path]:
    """The files of all modules; in names, `-` is as good as `_`."""
    return {path.name.partition(".")[0].replace("-", "_"): path for path in packages.glob("**/*.ko*")}


def in_order(names: Sequence[str], files: dict[str, Path]) -> Iterator[Module]:
    """Modules, each once and after those that it needs; what has no file is built into the kernel."""
    for name in names:
        if path := files.pop(name, None):
            content = path.read_bytes()
            module = Module(name, lzma.decompress(content) if path.suffix == ".xz" else content)
            yield from in_order(module.needs, files)
            yield module


def _aligned(data: bytes) -> bytes:
    return data + b"\0" * (-len(data) % 4)


# The disk.


def disk(folder: Path, packages: Path) -> Path:
    """The raw disk: boot sector, GRUB's core, and a partition with `boot`."""
    grub = packages / "usr/lib/grub/i386-pc"
    raw = folder / "disk"
    with raw.open("wb") as file:
        file.write(boot_sector((grub / "boot.img").read_bytes()))
        file.write(grub_core(folder, packages))
        file.truncate(FILES_AT * SECTOR)
    files = folder / "files"
    files.mkdir()
    (folder / "boot").rename(files / "boot")
    offset = f"offset={FILES_AT * SECTOR}"
    _run("mke2fs", "-q", "-F", "-t", "ext2", "-d", str(files), "-E", offset, str(raw), f"{FILES_SIZE}M")
    return raw


def boot_sector(program: bytes) -> bytes:
    """GRUB's program, which goes on at sector 1, and a table with one partition."""
    sectors = FILES_SIZE * 2**20 // SECTOR
    partition = struct.pack("<B3sB3sII", 0x80, b"\xfe\xff\xff", 0x83, b"\xfe\xff\xff", FILES_AT, sectors)
    return program[:440] + bytes(6) + partition + bytes(48) + b"\x55\xaa"


def grub_core(folder: Path, packages: Path) -> bytes:
    """GRUB with its modules and its commands."""
    (folder / "grub.cfg").write_text(GRUB)
    _run(
        str(packages / "usr/bin/grub-mkimage"), "--format", "i386-pc", "--prefix", "/boot",
        "--directory", str(packages / "usr/lib/grub/i386-pc"), "--config", str(folder / "grub.cfg"),
        "--output", str(folder / "core"), *GRUB_MODULES,
    )  # fmt: skip
    return (folder / "core").read_bytes()


def _run(*command: str, cwd: Path | None = None) -> str:
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)}: {done.stderr}")
    return done.stdout


if __name__ == "__main__":
    build(Path(sys.argv[1]))
