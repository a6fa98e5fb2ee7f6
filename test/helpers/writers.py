"""Processes that open, write and close files as they are told, one line of JSON each over a socket of their own.

The first makes the others by forking. Arguments: the socket's path, and a token by which it is known.
"""
import errno, json, os, socket, sys

PATH = sys.argv[1]


def connect(token):
    it = socket.socket(socket.AF_UNIX)
    it.connect(PATH)
    lines = it.makefile('r', newline='\n')
    tell(it, {'token': token, 'pid': os.getpid()})
    return it, lines


def tell(it, answer):
    it.sendall((json.dumps(answer) + '\n').encode())


def write(fd, size, letter, position):
    data = letter.encode() * size
    while data:
        done = os.pwrite(fd, data, position)
        data, position = data[done:], position + done


def reap():
    try:
        while os.waitpid(-1, os.WNOHANG) != (0, 0):
            pass
    except ChildProcessError:
        pass


def serve(token, files, isFirst=False):
    """@param files descriptors on the mount"""
    it, lines = connect(token)
    for line in iter(lines.readline, ''):
        do, args = json.loads(line)
        answer = None
        try:
            if do == 'fork':
                # By way of a child that ends at once, or directly.
                token, keep, isOrphan = args
                if os.fork() == 0:
                    if isOrphan and os.fork() != 0:
                        os._exit(0)
                    os.close(it.detach())
                    for fd in files - {keep}:
                        os.close(fd)
                    return serve(token, files & {keep})
                if isFirst:
                    reap()
            elif do == 'open':
                path, truncate = args
                answer = os.open(path, os.O_RDWR | os.O_CREAT | (os.O_TRUNC if truncate else 0))
                files.add(answer)
            elif do == 'dup':
                answer = os.dup(args[0])
                files.add(answer)
            elif do == 'close':
                files.discard(args[0])
                os.close(args[0])
            elif do == 'write':
                write(*args)
            else:
                {'rename': os.rename, 'unlink': os.unlink, 'truncate': os.truncate,
                 'mkdir': os.makedirs, 'rmdir': os.rmdir}[do](*args)
            tell(it, {'value': answer})
        except OSError as error:
            tell(it, {'errno': errno.errorcode.get(error.errno, str(error.errno)), 'message': f'{do} {args}: {error}'})
    os._exit(0)


serve(sys.argv[2], set(), isFirst=True)
