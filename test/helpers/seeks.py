"""Reads a folder from wherever it is told to: seeks.py FOLDER. Prints what was read that is not in the folder, and how often."""
import ctypes
import sys

libc = ctypes.CDLL(None, use_errno=True)
libc.opendir.restype = libc.readdir.restype = ctypes.c_void_p
libc.opendir.argtypes = [ctypes.c_char_p]
libc.seekdir.argtypes = [ctypes.c_void_p, ctypes.c_long]
libc.readdir.argtypes = libc.rewinddir.argtypes = libc.closedir.argtypes = [ctypes.c_void_p]
libc.telldir.argtypes = [ctypes.c_void_p]
libc.telldir.restype = ctypes.c_long


def entry(stream):
    """The next name, None at the end."""
    ctypes.set_errno(0)
    at = libc.readdir(stream)
    if not at:
        if ctypes.get_errno():
            raise OSError(ctypes.get_errno(), "readdir")
        return None
    # struct dirent: two numbers of 8 bytes, one of 2, one of 1, and the name.
    return ctypes.string_at(at + 19)


def rest(stream):
    return list(iter(lambda: entry(stream), None))


stream = libc.opendir(sys.argv[1].encode())
places, names = [], []
while True:
    places.append(libc.telldir(stream))
    name = entry(stream)
    if name is None:
        break
    names.append(name)

for i, place in enumerate(places):
    libc.seekdir(stream, place)
    assert rest(stream) == names[i:], f"from the place of entry {i}"

# A stream that has read nothing yet.
other = libc.opendir(sys.argv[1].encode())
libc.seekdir(other, places[2])
assert rest(other) == names[2:], "from a place, at first"

wrong = set()
for place in [*range(places[-1] + 50), 2**31, 2**53, 2**62]:
    libc.seekdir(stream, place)
    wrong |= set(rest(stream)) - set(names)
print(len(names), sorted(wrong))
