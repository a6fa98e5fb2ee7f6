/** Partners that the bucket was seen to have outlive the daemon. */
import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { SeenPartners } from '../../src/state/seen-partners.js'
import { systemClock } from '../../src/telemetry/clock.js'
import { silentLogger } from '../../src/telemetry/log.js'

t.test('what was seen is there after a restart, what was forgotten is not', async (t) => {
  const directory = t.testdir()
  const seen = await SeenPartners.load(directory, systemClock, silentLogger())
  seen.addStations(['ACME', 'EMPTY'])
  seen.addPartners('ACME', ['GLOBEX', 'HOOLI'])
  seen.addPartners('OTHER', ['X'])
  await seen.remove('ACME', 'HOOLI')
  await seen.remove('OTHER')
  await seen.close()
  const again = await SeenPartners.load(directory, systemClock, silentLogger())
  t.same([...again.stations()], ['ACME', 'EMPTY'])
  t.same([...again.partners('ACME')], ['GLOBEX'])
  t.same([...again.partners('OTHER')], [])
  t.ok(again.hasStation('EMPTY') && again.hasPartner('ACME', 'GLOBEX') && !again.hasPartner('ACME', 'HOOLI'))
})

t.test('it is written only when something new is seen', async (t) => {
  const directory = t.testdir()
  const seen = await SeenPartners.load(directory, systemClock, silentLogger())
  seen.addPartners('ACME', ['GLOBEX'])
  await seen.close()
  const file = join(directory, 'seen-partners.json')
  const { ino } = await stat(file)
  seen.addStations(['ACME'])
  seen.addPartners('ACME', ['GLOBEX'])
  await seen.close()
  t.equal((await stat(file)).ino, ino, 'the same file')
})

t.test('it has a bound', async (t) => {
  const directory = t.testdir()
  const seen = await SeenPartners.load(directory, systemClock, silentLogger())
  seen.addPartners(
    'ACME',
    Array.from({ length: 20_000 }, (_, i) => `P${i}`),
  )
  seen.addStations(['LATER'])
  await seen.close()
  t.equal([...seen.partners('ACME')].length, 9_999)
  t.notOk(seen.hasStation('LATER'))
  t.equal((JSON.parse(await readFile(join(directory, 'seen-partners.json'), 'utf8')) as unknown[]).length, 10_000)
  await seen.remove('ACME', 'P7')
  seen.addStations(['LATER'])
  t.ok(seen.hasStation('LATER'), 'what is forgotten makes room')
})

t.test('a file that makes no sense is put aside', async (t) => {
  for (const text of ['', '{"a":1}', '[["ACME",7]]', '[["ACME","../x"]]']) {
    const directory = t.testdir()
    await writeFile(join(directory, 'seen-partners.json'), text)
    const seen = await SeenPartners.load(directory, systemClock, silentLogger())
    t.same([...seen.stations()], [])
    t.match(await readdir(directory), [/^seen-partners\.json\.corrupt-\d+$/])
  }
})

t.test('where it can’t be written the mount knows them all the same', async (t) => {
  const directory = join(t.testdir(), 'gone')
  await mkdir(directory)
  const seen = await SeenPartners.load(directory, systemClock, silentLogger())
  // Root may write anywhere, but no file replaces a folder.
  await mkdir(join(directory, 'seen-partners.json'))
  seen.addPartners('ACME', ['GLOBEX'])
  await seen.close()
  t.ok(seen.hasPartner('ACME', 'GLOBEX'))
  await t.rejects(seen.remove('ACME', 'GLOBEX'), { code: 'EIO' })
})
