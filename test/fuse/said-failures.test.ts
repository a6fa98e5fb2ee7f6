/** What is said of calls that fail, over a day of polling, on a played clock. */
import t from 'tap'
import { SaidFailures } from '../../src/fuse/said-failures.js'

const minute = 60_000
const day = 24 * 60 * minute

t.test('a poller that is refused each minute is told of once a day', (t) => {
  const said = new SaidFailures()
  const times: number[] = []
  for (let now = 0; now < 3 * day; now += minute) if (said.isWorthSaying('EACCES', '/A/B/mdn', now)) times.push(now)
  t.same(times, [0, day, 2 * day])
  t.end()
})

t.test('of an outage in which everything fails there are ten lines an hour, and others are said beside', (t) => {
  const said = new SaidFailures()
  let lines = 0
  for (let path = 0; path < 5_000; path += 1) if (said.isWorthSaying('EIO', `/A/B/${path}`, 0)) lines += 1
  t.equal(lines, 10)
  t.ok(said.isWorthSaying('EACCES', '/A/B/1', 0))
  t.ok(said.isWorthSaying('EIO', '/A/B/4999', 60 * minute), 'an hour later')
  t.notOk(said.isWorthSaying('EIO', '/A/B/0', 60 * minute), 'but not the same')
  t.end()
})
