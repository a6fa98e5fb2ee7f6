/** Folders made with mkdir outlive the daemon. */
import { readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { PartnerSet } from '../../src/state/partners.js'
import { silentLogger } from '../../src/telemetry/log.js'

t.test('what was made is there after a restart, what was removed is not', async (t) => {
  const directory = t.testdir()
  const made = await PartnerSet.load(directory, silentLogger())
  await made.add('ACME')
  await made.add('ACME', 'GLOBEX')
  await made.add('ACME', 'GLOBEX')
  await made.add('ACME', 'HOOLI')
  await made.remove('ACME', 'HOOLI')
  const again = await PartnerSet.load(directory, silentLogger())
  t.same([...new Set(again.stations())], ['ACME'])
  t.same(again.partners('ACME'), ['GLOBEX'])
  t.same(again.partners('OTHER'), [])
})

t.test('changes at the same time are all kept', async (t) => {
  const directory = t.testdir()
  const made = await PartnerSet.load(directory, silentLogger())
  const names = Array.from({ length: 20 }, (_, index) => `P${index}`)
  await Promise.all(names.map((name) => made.add('ACME', name)))
  t.same((await PartnerSet.load(directory, silentLogger())).partners('ACME').sort(), names.sort())
})

t.test('a file that makes no sense is put aside', async (t) => {
  for (const text of ['', '{"a":1}', '[["ACME",7]]', '[[]]']) {
    const directory = t.testdir()
    await writeFile(join(directory, 'partners.json'), text)
    const made = await PartnerSet.load(directory, silentLogger())
    t.same(made.stations(), [])
    t.match(await readdir(directory), [/^partners\.json\.corrupt-\d+$/])
    await made.add('ACME', 'GLOBEX')
    t.same((await PartnerSet.load(directory, silentLogger())).partners('ACME'), ['GLOBEX'])
  }
})
