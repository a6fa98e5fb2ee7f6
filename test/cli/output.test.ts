/** What can't be printed whole is a failure, in one sentence, however it is printed; a reader that has seen enough is none. */
import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { as2fs } from '../helpers/mounted.js'
import { run, type Outcome } from '../helpers/run.js'
import { waitingState } from '../helpers/waiting-state.js'

const full = 'as2fs: The output could not be written: no space left on device (ENOSPC).\n'

/** By a shell, so that it may say where the output goes. */
function shell(words: string, before = ''): Promise<Outcome> {
  // tap's hooks have something to write at the end of what it spawns.
  return run('sh', ['-c', `unset NODE_OPTIONS; ${before} '${process.execPath}' '${as2fs}' ${words}`])
}

t.test('on a full disk it is one sentence and exit code 1, whatever prints', async (t) => {
  for (const words of ['', '--version', 'mount --help', 'completion bash', 'status', 'doctor']) {
    t.same(await shell(`${words} >/dev/full`), { code: 1, stdout: '', stderr: full }, words)
  }
})

t.test('a check is UNKNOWN then', async (t) => {
  for (const words of ['status --check', 'deliveries / --check']) {
    t.same(await shell(`${words} >/dev/full`), { code: 3, stdout: '', stderr: full }, words)
  }
})

t.test('a file that may not grow has the beginning', async (t) => {
  const directory = t.testdir()
  const state = await waitingState(directory)
  const part = join(directory, 'part')
  t.same(await shell(`queue --state-dir '${state}' --json >'${part}'`, 'ulimit -f 100;'), {
    ...{ code: 1, stdout: '' },
    stderr: 'as2fs: The output could not be written: file too large (EFBIG).\n',
  })
  t.equal((await stat(part)).size, 100 * 512)
})

t.test('so is what nothing can be written to', async (t) => {
  t.same(await shell('--version 1</dev/null'), {
    ...{ code: 1, stdout: '' },
    stderr: 'as2fs: The output could not be written: bad file descriptor (EBADF).\n',
  })
})

t.test('a sentence that can’t be said ends nothing in another way', async (t) => {
  t.same(await shell('moutn 2>/dev/full'), { code: 1, stdout: '', stderr: '' })
  t.same(await shell('moutn >/dev/full'), { code: 1, stdout: '', stderr: (await shell('moutn')).stderr })
  t.same(await shell('--version >/dev/full 2>/dev/full'), { code: 1, stdout: '', stderr: '' })
})

t.test('a reader that has seen enough is no failure', async (t) => {
  const state = await waitingState(t.testdir())
  const outcome = await shell(`queue --state-dir '${state}' --json; echo $? >&2; } | head -c 1`, '{')
  t.same(outcome, { code: 0, stdout: '{', stderr: '0\n' })
})
