"""Read the cells of an old Excel workbook (.xls, BIFF8 in an OLE2 container): values only, no formats or formulas.

After the published formats [MS-CFB] and [MS-XLS].
"""

import struct
from collections.abc import Iterator

from her2het.schema import StudyError

MAGIC = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_END = 0xFFFFFFFA  # sector numbers from here on are marks, not places
_BOF, _EOF, _SHEET, _STRINGS, _MORE = 0x809, 0x0A, 0x85, 0xFC, 0x3C
_NUMBER, _RK, _MANY_RK, _SHARED, _LABEL, _FORMULA, _STRING, _LOCK = 0x203, 0x27E, 0xBD, 0xFD, 0x204, 0x06, 0x207, 0x2F

Cell = str | float | None
Sheet = tuple[str, list[list[Cell]]]


def read_xls(raw: bytes, name: str) -> list[Sheet]:
    """The sheets of a workbook in order: name, and rows of cells.

    :raises StudyError: where it is damaged, encrypted or older than Excel 97
    """
    try:
        records = list(_records(_stream(raw)))
        return _sheets(records, name)
    except (struct.error, IndexError, ValueError, UnicodeDecodeError) as e:
        raise StudyError(f"{name}: the workbook cannot be read ({e}). Save the sheet as CSV UTF-8.") from None


def _stream(raw: bytes) -> bytes:
    """The workbook stream of the container."""
    if raw[:8] != MAGIC:
        raise ValueError("no OLE2 container")
    shift, mini_shift = struct.unpack_from("<HH", raw, 30)
    size, mini_size = 1 << shift, 1 << mini_shift
    first_dir, cutoff, first_mini = (struct.unpack_from("<I", raw, at)[0] for at in (48, 56, 60))
    first_more, n_more = struct.unpack_from("<II", raw, 68)

    def sector(k: int) -> bytes:
        return raw[(k + 1) * size : (k + 2) * size]

    places = list(struct.unpack_from("<109I", raw, 76))
    for _ in range(n_more):
        numbers = struct.unpack(f"<{size // 4}I", sector(first_more))
        places += numbers[:-1]
        first_more = numbers[-1]
    table: list[int] = []
    for place in places:
        if place < _END:
            table += struct.unpack(f"<{size // 4}I", sector(place))

    def chain(start: int, links: list[int]) -> Iterator[int]:
        seen = 0
        while start < _END:
            yield start
            start = links[start]
            seen += 1
            if seen > len(links):
                raise ValueError("a chain of sectors has no end")

    directory = b"".join(sector(k) for k in chain(first_dir, table))
    entries: dict[str, tuple[int, int]] = {}
    for at in range(0, len(directory), 128):
        length = struct.unpack_from("<H", directory, at + 64)[0]
        label = directory[at : at + max(length - 2, 0)].decode("utf-16-le")
        entries.setdefault(label, struct.unpack_from("<II", directory, at + 116))
    if "Workbook" not in entries:
        raise ValueError("no workbook of Excel 97 or later in it")
    start, length = entries["Workbook"]
    if length >= cutoff:
        return b"".join(sector(k) for k in chain(start, table))[:length]
    minis = b"".join(sector(k) for k in chain(entries["Root Entry"][0], table))
    links: list[int] = []
    for k in chain(first_mini, table):
        links += struct.unpack(f"<{size // 4}I", sector(k))
    return b"".join(minis[k * mini_size : (k + 1) * mini_size] for k in chain(start, links))[:length]


def _records(stream: bytes) -> Iterator[tuple[int, int, bytes]]:
    """Place, kind and body of each record."""
    at = 0
    while at + 4 <= len(stream):
        kind, length = struct.unpack_from("<HH", stream, at)
        yield at, kind, stream[at + 4 : at + 4 + length]
        at += 4 + length


def _sheets(records: list[tuple[int, int, bytes]], name: str) -> list[Sheet]:
    if not records or records[0][1] != _BOF or struct.unpack_from("<H", records[0][2])[0] != 0x600:
        raise ValueError("not a workbook of Excel 97 or later")
    strings: list[str] = []
    found: list[tuple[int, str]] = []
    index = {at: k for k, (at, _, _) in enumerate(records)}
    for k, (_, kind, body) in enumerate(records):
        if kind == _LOCK:
            raise StudyError(f"{name}: the workbook is encrypted. Save it without a password, or as CSV UTF-8.")
        if kind == _SHEET and body[5] == 0:
            width = 2 if body[7] & 1 else 1
            text = body[8 : 8 + body[6] * width].decode("utf-16-le" if width == 2 else "latin-1")
            found.append((struct.unpack_from("<I", body)[0], text))
        if kind == _STRINGS:
            parts = [body]
            for _, more, rest in records[k + 1 :]:
                if more != _MORE:
                    break
                parts.append(rest)
            strings = _shared_strings(parts)
        if kind == _EOF:
            break
    return [(title, _cells(records, index[at], strings)) for at, title in found if at in index]


def _shared_strings(parts: list[bytes]) -> list[str]:
    """The table of strings, whose characters may go on in the next part, there with a width of their own."""
    total = struct.unpack_from("<I", parts[0], 4)[0]
    part, at = 0, 8
    out: list[str] = []
    for _ in range(total):
        if at >= len(parts[part]):
            part, at = part + 1, 0
        count, flags = struct.unpack_from("<HB", parts[part], at)
        at += 3
        runs = extra = 0
        if flags & 8:
            runs = struct.unpack_from("<H", parts[part], at)[0]
            at += 2
        if flags & 4:
            extra = struct.unpack_from("<I", parts[part], at)[0]
            at += 4
        text = ""
        while len(text) < count:
            if at >= len(parts[part]):
                part, at = part + 1, 1
                flags = parts[part][0]
            width = 2 if flags & 1 else 1
            piece = parts[part][at : at + (count - len(text)) * width]
            text += piece.decode("utf-16-le" if width == 2 else "latin-1")
            at += len(piece)
        out.append(text)
        rest = 4 * runs + extra
        while rest:
            if at >= len(parts[part]):
                part, at = part + 1, 0
            step = min(rest, len(parts[part]) - at)
            at, rest = at + step, rest - step
    return out


def _cells(records: list[tuple[int, int, bytes]], first: int, strings: list[str]) -> list[list[Cell]]:
    values: dict[tuple[int, int], Cell] = {}
    pending: tuple[int, int] | None = None
    depth = 0
    for _, kind, body in records[first:]:
        depth += (kind == _BOF) - (kind == _EOF)
        if depth == 0:
            break
        if kind == _STRING and pending is not None:
            count, flags = struct.unpack_from("<HB", body)
            values[pending] = body[3:].decode("utf-16-le" if flags & 1 else "latin-1")[:count]
            pending = None
        elif kind == _MANY_RK:
            row, column = struct.unpack_from("<HH", body)
            for k in range((len(body) - 6) // 6):
                values[row, column + k] = _rk(struct.unpack_from("<I", body, 6 + 6 * k)[0])
        elif kind in {_NUMBER, _RK, _SHARED, _LABEL, _FORMULA}:
            place = struct.unpack_from("<HH", body)
            if kind == _NUMBER:
                values[place] = struct.unpack_from("<d", body, 6)[0]
            elif kind == _RK:
                values[place] = _rk(struct.unpack_from("<I", body, 6)[0])
            elif kind == _SHARED:
                values[place] = strings[struct.unpack_from("<I", body, 6)[0]]
            elif kind == _LABEL:
                count, flags = struct.unpack_from("<HB", body, 6)
                values[place] = body[9:].decode("utf-16-le" if flags & 1 else "latin-1")[:count]
            elif body[12:14] != b"\xff\xff":
                values[place] = struct.unpack_from("<d", body, 6)[0]
            elif body[6] == 0:
                pending = place  # the text of a formula follows in a record of its own
    height = 1 + max((r for r, _ in values), default=-1)
    width = 1 + max((c for _, c in values), default=-1)
    return [[values.get((r, c)) for c in range(width)] for r in range(height)]


def _rk(packed: int) -> float:
    """A number in 30 bits: an integer or the upper half of a double, perhaps in hundredths."""
    if packed & 2:
        value = float((packed >> 2) - (1 << 30) if packed >> 31 else packed >> 2)
    else:
        value = struct.unpack("<d", struct.pack("<Q", (packed & 0xFFFFFFFC) << 32))[0]
    return value / 100 if packed & 1 else value
