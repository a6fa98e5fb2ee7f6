/** File servers of Debian on a folder: FTP, SFTP and SMB, each with a client. They listen on loopback ports, as root. */
import { spawn, type ChildProcess } from 'node:child_process'
import { mkdir, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { run } from './run.js'
import { until } from './until.js'

/** What a client does, in order. Local paths, names in the folder. */
type Step = { readonly put: string; readonly as: string } | { readonly rename: string; readonly to: string }

export interface FileServer {
  /** A client that does all that, and ends. */
  transfer(steps: readonly Step[]): Promise<void>
  /** A client that takes long enough to be killed on the way, for a file of some size. */
  longUpload(path: string, name: string): ChildProcess
  stop(): Promise<void>
}

export type StartFileServer = (folder: string, directory: string) => Promise<FileServer>

const sftpServer = '/usr/lib/openssh/sftp-server'

/** @param directory for what the server keeps */
export const fileServers: Readonly<Record<'vsftpd' | 'sftp-server' | 'smbd', StartFileServer>> = {
  vsftpd: async (folder, directory) => {
    const port = await freePort()
    await mkdir(join(directory, 'empty'))
    const file = join(directory, 'vsftpd.conf')
    const on = ['listen', 'run_as_launching_user', 'anonymous_enable', 'no_anon_password', 'write_enable']
    const uploads = ['anon_upload_enable', 'anon_other_write_enable', 'allow_writeable_chroot']
    await writeFile(
      file,
      [
        ...[...on, ...uploads].map((it) => `${it}=YES`),
        ...['background', 'seccomp_sandbox', 'xferlog_enable'].map((it) => `${it}=NO`),
        ...['listen_address=127.0.0.1', 'pasv_address=127.0.0.1', `listen_port=${port}`, 'anon_umask=022'],
        ...[`anon_root=${folder}`, `secure_chroot_dir=${join(directory, 'empty')}`, ''],
      ].join('\n'),
    )
    const stop = server('vsftpd', [file])
    const client = (...commands: readonly string[]) => [
      ...['-c', `set net:max-retries 1; open -p ${port} ftp://127.0.0.1 && ${commands.join(' && ')}`],
    ]
    await until('vsftpd', async () => (await run('lftp', client('ls'))).code === 0)
    return {
      transfer: (steps) =>
        done(
          'lftp',
          client(...steps.map((it) => ('put' in it ? `put ${it.put} -o ${it.as}` : `mv ${it.rename} ${it.to}`))),
        ),
      longUpload: (path, name) => spawn('lftp', client('set net:limit-rate 100000', `put ${path} -o ${name}`)),
      stop,
    }
  },

  // Started by each client, as sshd does it.
  'sftp-server': (folder) => {
    const commands = (steps: readonly Step[]): string =>
      steps.map((it) => ('put' in it ? `put ${it.put} ${it.as}\n` : `rename ${it.rename} ${it.to}\n`)).join('')
    const args = ['-q', '-D', `${sftpServer} -d ${folder}`, '-b', '-']
    return Promise.resolve({
      transfer: (steps) => done('sftp', args, commands(steps)),
      longUpload: (path, name) => {
        const client = spawn('sftp', ['-l', '800', ...args])
        client.stdin.write(commands([{ put: path, as: name }]))
        return client
      },
      stop: () => Promise.resolve(),
    })
  },

  smbd: async (folder, directory) => {
    const port = await freePort()
    const file = join(directory, 'smb.conf')
    const places = ['private dir', 'lock directory', 'state directory', 'cache directory', 'pid directory']
    await writeFile(
      file,
      [
        ...['[global]', 'server role = standalone server', 'interfaces = 127.0.0.1/8', 'bind interfaces only = yes'],
        ...[`smb ports = ${port}`, 'disable netbios = yes', 'map to guest = Bad User', 'guest account = root'],
        ...[...places, 'ncalrpc dir'].map((it) => `${it} = ${directory}/${it.replace(' ', '-')}`),
        ...[`log file = ${directory}/smbd.log`, 'load printers = no', 'printing = bsd', 'printcap name = /dev/null'],
        ...['[send]', `path = ${folder}`, 'guest ok = yes', 'read only = no', ''],
      ].join('\n'),
    )
    for (const it of places) await mkdir(join(directory, it.replace(' ', '-')))
    const stop = server('smbd', ['-F', '--no-process-group', '-s', file])
    const client = (...commands: readonly string[]) => [
      ...['//127.0.0.1/send', '-p', String(port), '-N', '-s', file, '-c', commands.join('; ')],
    ]
    await until('smbd', async () => (await run('smbclient', client('ls'))).code === 0)
    return {
      transfer: (steps) =>
        done(
          'smbclient',
          client(...steps.map((it) => ('put' in it ? `put ${it.put} ${it.as}` : `rename ${it.rename} ${it.to}`))),
        ),
      longUpload: (path, name) => spawn('smbclient', client(`put ${path} ${name}`)),
      stop,
    }
  },
}

async function done(command: string, args: readonly string[], input?: string): Promise<void> {
  const { code, stdout, stderr } = await run(command, args, input === undefined ? {} : { input })
  if (code !== 0) throw new Error(`${command} ${args.join(' ')}: exit ${code ?? 'by signal'}: ${stdout}${stderr}`)
}

/** @returns ends it, with all its children */
function server(command: string, args: readonly string[]): () => Promise<void> {
  // A process group of its own, since smbd's helpers outlive it for a while.
  const child = spawn(command, args, { stdio: 'ignore', detached: true })
  const ended = new Promise((resolve) => child.once('exit', resolve))
  return async () => {
    child.kill('SIGTERM')
    await ended
    const { pid } = child
    if (pid === undefined) return
    await until(`the end of ${command}'s helpers`, () => {
      try {
        process.kill(-pid, 'SIGTERM')
        return false
      } catch {
        return true
      }
    })
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer()
    probe.once('error', reject)
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address()
      probe.close(() => resolve(typeof address === 'object' && address ? address.port : 0))
    })
  })
}
