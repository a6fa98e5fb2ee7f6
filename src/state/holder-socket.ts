/**
 * Whether the holder of a lock lives, by the kernel's own word: it listens on a socket in the directory. The kernel takes a
 * connection for a process that is stopped, refuses it once the process is dead, and a path means the same in every PID and
 * network namespace.
 */
import { once } from 'node:events'
import { chmod, open, unlink } from 'node:fs/promises'
import { connect, createServer } from 'node:net'
import { join } from 'node:path'
import { codeOf, reasonOf, UsageError } from '../errors.js'

export interface HolderSocket {
  /** Its name in the directory. */
  readonly name: string
  close(): Promise<void>
}

/** What a file system says that has no sockets: vfat, and what a container's host shares by some drivers. */
const noSockets = new Set(['EPERM', 'EOPNOTSUPP', 'ENOTSUP', 'ENOSYS'])

/**
 * Listens, until it is closed or the process ends.
 * @param name in the directory, and of this holder alone
 * @throws UsageError if the file system has no sockets, or the system's own error
 */
export async function listenAs(directory: string, name: string): Promise<HolderSocket> {
  const path = join(directory, name)
  const server = createServer((connection) => {
    connection.on('error', () => undefined)
    connection.destroy()
  })
  await byDescriptor(directory, async (folder) => {
    server.listen(join(folder, name))
    await once(server, 'listening')
    await chmod(path, 0o600)
  }).catch((error: unknown) => {
    server.close()
    throw explained(directory, error)
  })
  server.on('error', () => undefined)
  // Whoever has the lock has other reasons to live.
  server.unref()
  const close = async (): Promise<void> => {
    await new Promise<void>((resolve) => server.close(() => resolve()))
    await unlink(path).catch(() => undefined)
  }
  return { name, close }
}

/**
 * Asks the kernel whether a process listens there.
 * @returns `missing` if there is no such file
 * @throws the system's own error if that can't be told
 */
export function knock(directory: string, name: string): Promise<'alive' | 'dead' | 'missing'> {
  return byDescriptor(directory, async (folder) => {
    const connection = connect(join(folder, name))
    try {
      await once(connection, 'connect')
      return 'alive'
    } catch (error) {
      switch (codeOf(error)) {
        case 'ECONNREFUSED':
          return 'dead'
        case 'ENOENT':
          return 'missing'
        // So many have asked one that is stopped that no more can wait for it.
        case 'EAGAIN':
          return 'alive'
        default:
          throw error
      }
    } finally {
      connection.destroy()
    }
  })
}

/** The path of a socket may have 107 bytes, that of a directory 4,095. @param act is given a short one */
async function byDescriptor<T>(directory: string, act: (folder: string) => Promise<T>): Promise<T> {
  const folder = await open(directory, 'r')
  try {
    return await act(`/proc/self/fd/${folder.fd}`)
  } finally {
    await folder.close()
  }
}

function explained(directory: string, error: unknown): unknown {
  if (!noSockets.has(codeOf(error) ?? '')) return error
  return new UsageError(
    `The file system of ${directory} can't hold a socket (${reasonOf(error)}), by which a second daemon is kept out: ` +
      'give a --state-dir on a local disk.',
  )
}
