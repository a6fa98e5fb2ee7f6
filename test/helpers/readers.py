"""Many readers at a time: readers.py SECONDS PATH… reads each file in a thread of its own. A line for each: outcome, ms."""
import os
import sys
import threading
import time

paths = sys.argv[1:]
lines = []
begin = threading.Barrier(len(paths))


def read(path):
    begin.wait()
    start = time.monotonic()
    try:
        file = os.open(path, os.O_RDONLY)
        try:
            while os.read(file, 1 << 20):
                pass
        finally:
            os.close(file)
        outcome = 'read'
    except OSError as error:
        outcome = os.strerror(error.errno)
    lines.append(f'{outcome}\t{round(1000 * (time.monotonic() - start))}')


threading.stack_size(256 * 1024)
threads = [threading.Thread(target=read, args=(path,)) for path in paths]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print('\n'.join(lines))
