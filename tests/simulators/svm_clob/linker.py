"""Link an object file of clang's BPF target into a program for Solana, whose own linker no package registry has.

    object file (ET_REL): .text, read-only data, their relocations
    program (ET_DYN):     .text .rodata .dynsym .dynstr .rel.dyn .dynamic, where an address is the offset in the file

The compiler has resolved calls of the program's own functions. Pointers to data are resolved here. Calls of the system
are left to the loader, which finds them by name: .dynsym names them, .rel.dyn says where they are called.
"""

from struct import Struct, pack_into, unpack_from
from typing import NamedTuple

HEADER = Struct("<16sHHIQQQIHHHHHH")
PROGRAM_HEADER = Struct("<IIQQQQQQ")
SECTION = Struct("<IIQQQQIIQQ")
SYMBOL = Struct("<IBBHQQ")
RELOCATION = Struct("<QQ")

IDENTITY = b"\x7fELF\x02\x01\x01" + bytes(9)
BPF = 247
RELOCATABLE, DYNAMIC = 1, 3
PROGBITS, SYMTAB, STRTAB, REL, NOBITS, DYNSYM, DYNAMIC_SECTION = 1, 2, 3, 9, 8, 11, 6
WRITE, ALLOC, EXECUTE = 1, 2, 4
DATA_POINTER, CALL = 1, 10  # R_BPF_64_64, R_BPF_64_32
GLOBAL = 0x10
INSTRUCTION = 8  # bytes
LOADED_AT = 1 << 32  # where the machine sees the file


class NotLinkable(Exception):  # noqa: N818
    """The object file holds what a program on Solana can't have."""


class Section(NamedTuple):
    name: str
    kind: int
    flags: int
    data: bytes
    link: int
    info: int
    align: int


class Symbol(NamedTuple):
    name: str
    section: int  # 0: somewhere else
    value: int


class Object:
    """What is in an object file."""

    def __init__(self, raw: bytes) -> None:
        if raw[:7] != IDENTITY[:7] or unpack_from("<HH", raw, 16) != (RELOCATABLE, BPF):
            raise NotLinkable("it is no object file of clang's BPF target")
        *_, table, _, _, _, _, _, count, names_at = HEADER.unpack_from(raw)
        headers = [SECTION.unpack_from(raw, table + SECTION.size * i) for i in range(count)]
        bodies = [b"" if header[1] == NOBITS else raw[header[4] : header[4] + header[5]] for header in headers]
        self.sections = [
            Section(text(bodies[names_at], header[0]), header[1], header[2], body, header[6], header[7], header[8])
            for header, body in zip(headers, bodies, strict=True)
        ]
        table_of_symbols = next(section for section in self.sections if section.kind == SYMTAB)
        names = bodies[table_of_symbols.link]
        self.symbols = [
            Symbol(text(names, name), section, value)
            for name, _, _, section, value, _ in SYMBOL.iter_unpack(table_of_symbols.data)
        ]
        self.text = next(i for i, section in enumerate(self.sections) if section.name == ".text")

    def read_only(self) -> list[int]:
        """Return the numbers of the sections with data. Raises NotLinkable where some could be written."""
        found = []
        for i, section in enumerate(self.sections):
            if i == self.text or not section.flags & ALLOC or section.name == ".eh_frame":
                continue
            if section.flags & (WRITE | EXECUTE) or section.kind != PROGBITS:
                raise NotLinkable(f"{section.name}: there are no variables, and code is in .text only")
            found.append(i)
        return found


class Image:
    """The file that is made. What is put into it says where it lies."""

    def __init__(self, headers: int) -> None:
        self.bytes = bytearray(HEADER.size + PROGRAM_HEADER.size * headers)

    def put(self, data: bytes, align: int = 8) -> int:
        """Append; return the offset."""
        self.bytes += bytes(-len(self.bytes) % align)
        at = len(self.bytes)
        self.bytes += data
        return at


def link(raw: bytes, entry: str = "entrypoint") -> bytes:
    """Return the program of an object file. Raises NotLinkable."""
    found, image = Object(raw), Image(headers=3)
    code = found.sections[found.text].data
    at = {found.text: image.put(code)}
    data_at = image.put(b"")
    at |= {i: image.put(found.sections[i].data, max(8, found.sections[i].align)) for i in found.read_only()}
    data_size = len(image.bytes) - data_at

    calls = resolve(found, image.bytes, at)
    names = list(dict.fromkeys(name for _, name in calls))
    strings, symbols = bytearray(1), bytearray(SYMBOL.size)
    for name in names:
        symbols += SYMBOL.pack(len(strings), GLOBAL, 0, 0, 0, 0)
        strings += name.encode() + b"\0"
    relocations = b"".join(RELOCATION.pack(place, names.index(name) + 1 << 32 | CALL) for place, name in calls)

    symbols_at, strings_at, relocations_at = image.put(symbols), image.put(strings), image.put(relocations)
    tags = (30, 4), (17, relocations_at), (18, len(relocations)), (19, RELOCATION.size), (6, symbols_at)
    tags += (11, SYMBOL.size), (5, strings_at), (10, len(strings)), (0, 0)
    dynamic = b"".join(RELOCATION.pack(*tag) for tag in tags)
    dynamic_at = image.put(dynamic)

    start = next((each.value for each in found.symbols if each.name == entry and each.section == found.text), None)
    if start is None:
        raise NotLinkable(f"{entry} is not there")
    sections = [  # name, kind, flags, offset, size, link, info, size of an entry
        (".text", PROGBITS, ALLOC | EXECUTE, at[found.text], len(code), 0, 0, 0),
        (".rodata", PROGBITS, ALLOC, data_at, data_size, 0, 0, 0),
        (".dynsym", DYNSYM, ALLOC, symbols_at, len(symbols), 4, 1, SYMBOL.size),
        (".dynstr", STRTAB, ALLOC, strings_at, len(strings), 0, 0, 0),
        (".rel.dyn", REL, ALLOC, relocations_at, len(relocations), 3, 0, RELOCATION.size),
        (".dynamic", DYNAMIC_SECTION, ALLOC | WRITE, dynamic_at, len(dynamic), 4, 0, RELOCATION.size),
    ]
    end = len(image.bytes)
    table_at, count = add_sections(image, sections)
    segments = ((1, 5, at[found.text], len(code)), (1, 4, data_at, end - data_at), (2, 6, dynamic_at, len(dynamic)))
    header = (IDENTITY, DYNAMIC, BPF, 1, at[found.text] + start, HEADER.size, table_at, 0)
    sizes = (HEADER.size, PROGRAM_HEADER.size, len(segments), SECTION.size, count, count - 1)
    HEADER.pack_into(image.bytes, 0, *header, *sizes)
    for i, (kind, flags, offset, size) in enumerate(segments):
        place = HEADER.size + PROGRAM_HEADER.size * i
        PROGRAM_HEADER.pack_into(image.bytes, place, kind, flags, offset, offset, offset, size, size, 8)
    return bytes(image.bytes)


def resolve(found: Object, image: bytearray, at: dict[int, int]) -> list[tuple[int, str]]:
    """Write into the image what is known by now; return where the system is called, and the names of the calls."""
    calls = []
    for section in found.sections:
        if section.kind != REL or section.info not in at:
            continue
        for offset, info in RELOCATION.iter_unpack(section.data):
            place, kind, symbol = at[section.info] + offset, info & 0xFFFFFFFF, found.symbols[info >> 32]
            (addend,) = unpack_from("<i", image, place + 4)
            if kind == DATA_POINTER and symbol.section in at:  # a constant of 64 bits in two instructions
                address = LOADED_AT + at[symbol.section] + symbol.value + addend
                pack_into("<I", image, place + 4, address & 0xFFFFFFFF)
                pack_into("<I", image, place + 4 + INSTRUCTION, address >> 32)
            elif kind == CALL and not symbol.section:
                pack_into("<i", image, place + 4, -1)
                calls.append((place, symbol.name))
            else:
                raise NotLinkable(f"a relocation of kind {kind} to {symbol.name or symbol.section}")
    return calls


def add_sections(image: Image, sections: list[tuple[str, int, int, int, int, int, int, int]]) -> tuple[int, int]:
    """Append the names and the table of sections; return where the table is and how many it has."""
    names = bytearray(1)
    rows = [SECTION.pack(*[0] * 10)]
    for name, kind, flags, offset, size, linked, info, entry in [*sections, (".shstrtab", STRTAB, 0, 0, 0, 0, 0, 0)]:
        rows.append(SECTION.pack(len(names), kind, flags, offset, offset, size, linked, info, 8, entry))
        names += name.encode() + b"\0"
    at = image.put(names)
    name_at = SECTION.unpack(rows[-1])[0]
    rows[-1] = SECTION.pack(name_at, STRTAB, 0, 0, at, len(names), 0, 0, 1, 0)
    return image.put(b"".join(rows)), len(rows)


def text(table: bytes, at: int) -> str:
    """Return the string at an offset of a table of strings."""
    return table[at : table.index(0, at)].decode()
