/** Nothing that a calling process does, is or holds makes another call wait: what it starts, how, and while it is what. */
import { readFile } from 'node:fs/promises'
import t, { type Test } from 'tap'
import { compiled } from '../helpers/compiled.js'
import { mount, type Mounted } from '../helpers/mounted.js'
import { run, sh, type Outcome } from '../helpers/run.js'
import { until } from '../helpers/until.js'

const flags = ['--station', 'ACME/GLOBEX', '--op-timeout', '5s']
const key = (name: string) => `AS2/send/ACME/GLOBEX/${name}`
/** Below the time-out of a call, in which whatever hangs would be answered as well. */
const deadline = 4_000

/** Runs a program to its end, and looks at all processes as long as it runs. */
async function watched(t: Test, mounted: Mounted, command: string, args: readonly string[]): Promise<Outcome> {
  let outcome: Outcome | undefined
  const ended = run(command, args).then((it) => (outcome = it))
  let slowest = 0
  while (!outcome) {
    const began = performance.now()
    // As `ps` does, which reads nearly all of /proc, and an operator.
    await Promise.all([
      sh('timeout -s KILL 20 ps axo pid,stat,args >/dev/null'),
      readFile(mounted.path('.as2fs/status.json')),
    ])
    slowest = Math.max(slowest, performance.now() - began)
  }
  t.ok(slowest < deadline, `ps and status took ${Math.round(slowest)} ms at most`)
  return ended
}

async function whole(t: Test, mounted: Mounted, name: string, ending: Outcome): Promise<void> {
  t.match(ending, { code: 0, stderr: '' }, `${name} ended`)
  t.equal((await mounted.inBucket(key(name))).toString(), 'whole\n', `${name} arrived`)
}

t.test('a program that leaves a file of send/ to close-on-exec, and starts others, holds nobody up', async (t) => {
  const mounted = await mount(t, { flags })
  const program = await compiled(t, 'callers.c')
  const modes = ['fork', 'vfork', 'posix_spawn', 'clone', 'threads', 'exec-of-threads', 'traced', 'storm']
  for (const mode of modes) {
    const ending = await watched(t, mounted, program, [mode, mounted.path('ACME/GLOBEX/send', `${mode}.edi`)])
    await whole(t, mounted, `${mode}.edi`, ending)
  }
  t.equal(mounted.puts().length, modes.length, 'each once')
})

t.test('one with stopped children, zombies, thousands of threads and of descriptors neither', async (t) => {
  const mounted = await mount(t, { flags })
  const program = await compiled(t, 'callers.c')
  for (const mode of ['stopped', 'zombies', 'crowd']) {
    const ending = await watched(t, mounted, program, [mode, mounted.path('ACME/GLOBEX/send', `${mode}.edi`)])
    await whole(t, mounted, `${mode}.edi`, ending)
  }
})

/** Each writes `whole` to a file in two parts, and starts another program in between. */
const scripts: Readonly<Record<string, (path: string) => readonly [string, ...string[]]>> = {
  'system.py': (path) => ['python3', '-c', python(path, "os.system('true')")],
  'popen.py': (path) => ['python3', '-c', python(path, "subprocess.run(['true'], close_fds=False)")],
  'subprocess.py': (path) => ['python3', '-c', python(path, "subprocess.run(['true'])")],
  'system.pl': (path) => [
    'perl',
    '-e',
    `open(F, '>', '${path}'); $|=1; syswrite(F, 'who'); system('true'); syswrite(F, "le\\n"); close(F)`,
  ],
  'open.pl': (path) => [
    'perl',
    '-e',
    `open(F, '>', '${path}'); syswrite(F, 'who'); open(P, '-|', 'true'); close(P); syswrite(F, "le\\n"); close(F)`,
  ],
  'inherited.sh': (path) => ['sh', '-c', `exec 3>${path}; printf who >&3; true | cat; echo le >&3`],
  'background.sh': (path) => [
    'bash',
    '-c',
    `exec 3>${path}; printf who >&3; (ls / | head -1) >/dev/null & wait; echo le >&3`,
  ],
}

function python(path: string, start: string): string {
  return `import os, subprocess
f = os.open('${path}', os.O_WRONLY | os.O_CREAT)
os.write(f, b'who')
${start}
os.write(f, b'le\\n')
os.close(f)`
}

t.test('scripts neither', async (t) => {
  const mounted = await mount(t, { flags })
  for (const [name, script] of Object.entries(scripts)) {
    const [command, ...args] = script(mounted.path('ACME/GLOBEX/send', name))
    await whole(t, mounted, name, await watched(t, mounted, command, args))
  }
})

t.test('many programs that start others while files are closed', async (t) => {
  const mounted = await mount(t, { flags })
  const program = await compiled(t, 'callers.c')
  const send = mounted.path('ACME/GLOBEX/send')
  const storms = Array.from({ length: 4 }, (_, n) => run(program, ['storm', `${send}/storm-${n}.edi`]))
  const writers = sh(`for n in $(seq 100); do echo whole > ${send}/file-$n.edi; done`)
  const endings = [...(await Promise.all(storms)), await watched(t, mounted, 'sh', ['-c', 'true'])]
  await writers
  t.ok(endings.every((it) => it.code === 0))
  await until('all of them to arrive', () => mounted.puts().length >= 104)
  t.equal(new Set(mounted.puts()).size, 104)
  t.equal(mounted.puts().length, 104, 'each once')
})
