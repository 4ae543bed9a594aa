"""An Excel workbook as it lies in its file: XML parts in a ZIP archive, read as a stream and within limits.

A few hundred kilobytes can unpack to gigabytes, and a short text can name itself a million times over. So nothing is
unpacked before it is counted, no part is held whole, no document type (and with it no entity) is let in, and each limit
is a count: the same file is read or refused on any machine. Office programs stay far below all of them.
"""

from __future__ import annotations

import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO
from xml.parsers import expat

from sipas.errors import N_, BadFile, SipasError

CHUNK = 1 << 18
PACKED = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)  # what the format allows; others take as much memory as they like

DAMAGED = N_("{file} is no readable Excel workbook ({reason}); open it in Excel and save it again as .xlsx")
TOO_MUCH = N_("{file} is not read as a workbook: {reason}. Save the sheet as “CSV UTF-8” and give that file")

MANY_PARTS = N_("it has more than {most} parts")
UNPACKED = N_("it unpacks to more than {times} times its size")
LONG = N_("a part of it holds more than {megabytes} MB")
LONG_CELL = N_("a cell of it holds more than {most} letters")
TOO_DEEP = N_("its elements lie too deep in each other")
LONG_TAG = N_("one tag in it is longer than {kilobytes} kB")


@dataclass(frozen=True)
class Limits:
    """What a workbook may hold; counts and bytes."""

    parts: int = 10_000
    part: int = 4 << 30  # bytes unpacked; a million rows of thirty columns take 1.4 GB
    small: int = 32 << 20  # up to here a part may be packed as tightly as it will
    fold: int = 100  # beyond, at most so many times its packed size; a column of one value is packed 30 times
    side_part: int = 32 << 20  # styles and the list of sheets
    tag: int = 1 << 20
    depth: int = 100
    texts: int = 4_000_000  # in the table of texts that cells share
    text: int = 128 << 20  # bytes of them
    packed: int = 256 << 20  # bytes of the columns, packed
    columns: int = 2_048
    places: int = 60_000_000  # rows times columns of the table
    blanks: int = 3_000_000  # cells without a value, beside four for each that has one
    cell: int = 1 << 20  # letters in a cell; Excel takes 32,767


LIMITS = Limits()


class Refused(SipasError):
    """The workbook passes this limit."""


class DamagedWorkbook(SipasError):
    """The workbook is not written as its format says."""


_NOT_READABLE = (
    *(zipfile.BadZipFile, zlib.error, struct.error, EOFError, OSError),  # the archive
    RuntimeError,  # a part that is locked with a password, or packed in a way that is not known
    *(expat.ExpatError, ArithmeticError, LookupError, ValueError),  # what it says
)


@dataclass(frozen=True)
class Package:
    """An open workbook."""

    archive: zipfile.ZipFile
    size: int
    limits: Limits

    def has(self, part: str) -> bool:
        """Whether there is such a part."""
        return part in self.archive.NameToInfo

    def chunks(self, part: str, most: int) -> Iterator[bytes]:
        """The bytes of a part, unpacked as they are asked for; raises Refused once they are too many."""
        try:
            info = self.archive.getinfo(part)
        except KeyError:
            raise DamagedWorkbook(N_("it has no part {part}"), part=part[:80]) from None
        if info.compress_type not in PACKED:
            raise DamagedWorkbook(N_("its part {part} is packed in an unknown way"), part=part[:80])
        limits, unpacked = self.limits, 0
        packed = min(info.compress_size, self.size)
        with self.archive.open(info) as stream:
            while chunk := stream.read(CHUNK):
                unpacked += len(chunk)
                if unpacked > limits.small and unpacked > limits.fold * packed:
                    raise Refused(UNPACKED, times=limits.fold)
                if unpacked > most:
                    raise Refused(LONG, megabytes=most >> 20)
                yield chunk


@contextmanager
def opened_workbook(path: Path, limits: Limits = LIMITS) -> Iterator[Package]:
    """The workbook for the length of the block. Raises BadFile, with one sentence, for whatever is amiss in it."""
    file = path.name
    try:
        with path.open("rb") as stream:
            if _parts(stream) > limits.parts:
                raise Refused(MANY_PARTS, most=limits.parts)
            with zipfile.ZipFile(stream) as archive:
                yield Package(archive, path.stat().st_size, limits)
    except Refused as error:
        raise BadFile(TOO_MUCH, file=file, reason=error) from error
    except BadFile:
        raise
    except DamagedWorkbook as error:
        raise BadFile(DAMAGED, file=file, reason=error) from error
    except _NOT_READABLE as error:
        raise BadFile(DAMAGED, file=file, reason=str(error) or type(error).__name__) from error


def _parts(stream: IO[bytes]) -> int:
    """How many entries the archive's own list claims to have; the list itself is read later."""
    stream.seek(0, 2)
    size = stream.tell()
    stream.seek(max(0, size - (1 << 16) - 22 - 20))
    tail = stream.read()
    at = tail.rfind(b"PK\x05\x06")
    if at < 0 or len(tail) < at + 22:
        raise DamagedWorkbook(N_("it has no list of its parts"))
    count, length = struct.unpack_from("<HI", tail, at + 10)
    if tail[max(0, at - 20) : at].startswith(b"PK\x06\x07"):  # the list is counted in another place
        (there,) = struct.unpack_from("<Q", tail, at - 12)
        stream.seek(min(there, size))
        record = stream.read(56)
        if record.startswith(b"PK\x06\x06") and len(record) == 56:
            count, length = struct.unpack_from("<QQ", record, 32)
    return max(count, length // 46)  # no entry is shorter


def local(name: str) -> str:
    """The name of an element or attribute without its prefix: some programs write `x:row`."""
    return name.rpartition(":")[2]


Start = Callable[[str, list[str]], None]
End = Callable[[str], None]
Text = Callable[[str], None]


def parse_xml(package: Package, part: str, start: Start, end: End, text: Text, most: int) -> None:
    """Tell the functions of each element (its attributes as name, value, name, value) and of each text, in order.

    Raises Refused at a limit, Damaged for a document type.
    """
    parser = expat.ParserCreate()
    parser.ordered_attributes = True
    parser.buffer_text = True
    parser.buffer_size = 1 << 16
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = text
    parser.StartDoctypeDeclHandler = _refuse_document_type
    fed = 0
    for chunk in package.chunks(part, most):
        parser.Parse(chunk, False)
        fed += len(chunk)
        if fed - parser.CurrentByteIndex > package.limits.tag + CHUNK:  # expat reads an open tag anew with each chunk
            raise Refused(LONG_TAG, kilobytes=package.limits.tag >> 10)
    parser.Parse(b"", True)


def _refuse_document_type(*_named: object) -> None:
    raise DamagedWorkbook(N_("a part of it declares a document type"))
