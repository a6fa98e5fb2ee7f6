"""names.py FOLDER SECONDS: threads that make, write, rename, replace, remove and read the same few files all the time."""
import os
import random
import sys
import threading
import time

folder = sys.argv[1]
end = time.monotonic() + float(sys.argv[2])
done = 0
others = set()


def close_and_remove(path):
    file = open(path, 'r+b')
    closing = threading.Thread(target=file.close)
    closing.start()
    os.unlink(path)
    closing.join()


def write_removed(path):
    with open(path, 'r+b') as file:
        os.unlink(path)
        file.write(b'y' * 1000)
        file.flush()
        os.fstat(file.fileno())


def read_replaced(path, other):
    with open(path, 'rb') as file:
        os.rename(other, path)
        file.read()
        os.fstat(file.fileno())


def make(path, size):
    with open(path, 'wb') as file:
        file.write(b'x' * size)


def work(seed):
    global done
    chance = random.Random(seed)
    while time.monotonic() < end:
        path, other = (f'{folder}/file{chance.randrange(8)}' for _ in range(2))
        act = chance.choice([
            lambda: make(path, chance.randrange(200_000)),
            lambda: make(path, 10),
            lambda: os.rename(path, other),
            lambda: os.unlink(path),
            lambda: close_and_remove(path),
            lambda: write_removed(path),
            lambda: read_replaced(path, other),
            lambda: os.utime(path, (1, 2)),
            lambda: [os.stat(path) for _ in os.listdir(folder)],
        ])
        try:
            act()
            done += 1
        except FileNotFoundError:
            pass
        except OSError as error:
            # ESTALE: its name was taken from it in the middle of the call.
            if error.errno != 116:
                others.add(os.strerror(error.errno))


threads = [threading.Thread(target=work, args=(seed,)) for seed in range(8)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(done, *sorted(others))
