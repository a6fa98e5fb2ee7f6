import t from 'tap'
import { descriptorLimit, Descriptors, openFilesWithin } from '../../src/send/disk/descriptors.js'
import { silentLogger } from '../../src/telemetry/log.js'

t.test('the limit of a process is its soft one, or none', (t) => {
  const limits = (soft: string) => `Max processes 1 2 processes\nMax open files            ${soft}     4096    files\n`
  t.equal(descriptorLimit(limits('1024')), 1_024)
  t.equal(descriptorLimit(limits('unlimited')), Infinity)
  t.equal(descriptorLimit(''), 1_024, 'the usual one, where it is not known')
  t.end()
})

t.test('some descriptors are kept for uploads, or half of them where there are few', (t) => {
  t.equal(openFilesWithin(20_000, 8), 20_000 - 448)
  t.equal(openFilesWithin(20_000, 64), 20_000 - 672)
  t.equal(openFilesWithin(512, 8), 256)
  t.equal(openFilesWithin(300, 8), 150)
  t.equal(openFilesWithin(Infinity, 8), Infinity)
  t.end()
})

t.test('all that are taken are refused, until one is given back; the trouble is over a little later', (t) => {
  const descriptors = new Descriptors(20, silentLogger())
  for (let i = 0; i < 20; i += 1) descriptors.take()
  t.equal(descriptors.problem, undefined, 'nobody was refused')
  t.throws(() => descriptors.take(), { code: 'EMFILE' })
  t.match(descriptors.problem, /^20 files are open in send\//)
  descriptors.give()
  descriptors.take()
  t.throws(() => descriptors.mustBeFree(), { code: 'EMFILE' })
  descriptors.give()
  descriptors.give()
  t.ok(descriptors.problem, 'still, with 18 of 20')
  descriptors.give()
  t.equal(descriptors.problem, undefined)
  t.end()
})
