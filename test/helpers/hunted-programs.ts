/** What random programs do with a mount, for the hang hunt: each says what is to become of what it wrote. */
import { join } from 'node:path'

/** `whole`: sent if the program succeeded; `once`: the same, whatever its bytes are; `never`: not sent in any case. */
type Fate = 'whole' | 'once' | 'never' | undefined

export interface Program {
  readonly command: string
  readonly args: readonly string[]
  /** Name in `send/` of what it writes; undefined: it only reads. */
  readonly name: string | undefined
  readonly fate: Fate
}

export interface Places {
  readonly mountpoint: string
  readonly send: string
  readonly inbox: string
  /** callers.c, compiled. */
  readonly callers: string
  /** A folder with files to send, one of which is `file`. */
  readonly source: string
}

/** What each of them writes. */
export const whole = 'whole\n'

const modes = ['fork', 'vfork', 'posix_spawn', 'clone', 'threads', 'exec-of-threads', 'traced', 'stopped', 'zombies']

/** @param n makes names unique */
export function randomProgram(
  { mountpoint, send, inbox, callers, source }: Places,
  n: number,
  random: () => number,
): Program {
  const pick = <T>(all: readonly T[]): T => all[Math.floor(random() * all.length)] as T
  const name = `file-${n}.edi`
  const path = join(send, name)
  const temporary = join(send, `.file-${n}.tmp`)
  const sh = (script: string, of: Pick<Program, 'name' | 'fate'>): Program => ({
    command: 'sh',
    args: ['-c', script],
    ...of,
  })
  const python = (script: string, of: Pick<Program, 'name' | 'fate'>): Program => ({
    command: 'python3',
    args: ['-c', script],
    ...of,
  })
  const written = { name, fate: 'whole' } as const
  const lost = { name, fate: 'never' } as const
  const read = { name: undefined, fate: undefined }
  return pick<() => Program>([
    () => ({ command: callers, args: [pick(modes), path], ...written }),
    () => ({ command: callers, args: [pick(modes), path], ...written }),
    () => sh(`cp ${source}/file ${path}`, written),
    () => sh(`cp ${source}/file ${temporary} && mv ${temporary} ${path}`, written),
    () => sh(`cp ${source}/file ${temporary} && rm ${temporary}`, lost),
    () => sh(`exec 3>${path}; echo half >&3; kill -9 $$`, lost),
    () => sh(`sh -c 'exec 3>${path}; echo half >&3; kill -STOP $$' & sleep 0.2; kill -9 $!; wait`, lost),
    () =>
      sh(`cp -r ${source} ${send}/b-${n} && mv ${send}/b-${n} ${send}/b-${n}.zip`, {
        name: `b-${n}.zip`,
        fate: 'once',
      }),
    () =>
      python(
        `
import mmap, os
f = os.open('${path}', os.O_CREAT | os.O_RDWR)
os.ftruncate(f, 6)
m = mmap.mmap(f, 6)
m[0:6] = b'whole\\n'
os.system('true')
m.close()
os.close(f)`,
        written,
      ),
    () => sh(`ls -l ${send} ${inbox}; df ${mountpoint}; cat ${mountpoint}/.as2fs/queue.json`, read),
    () => sh(`find ${mountpoint} -name '*.edi' | head -50 | xargs cat`, read),
    () => sh(`timeout -s KILL 0.5 cat ${inbox}/*/large.edi | head -c 100000`, read),
    () =>
      sh(
        `cat ${inbox}/${Math.floor(random() * 20)}/order.edi & sleep 0.1; kill -STOP $!; sleep 0.2; kill -9 $!; wait`,
        read,
      ),
    () =>
      python(
        `
import mmap, os, threading
def read():
    f = os.open('${inbox}/${Math.floor(random() * 20)}/large.edi', os.O_RDONLY)
    m = mmap.mmap(f, 0, prot=mmap.PROT_READ)
    sum(m[i] for i in range(0, len(m), 4096))
threads = [threading.Thread(target=read) for _ in range(3)]
for t in threads: t.start()
os.system('true')
for t in threads: t.join()`,
        read,
      ),
  ])()
}
