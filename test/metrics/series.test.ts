import t from 'tap'
import { series } from '../../src/metrics/series.js'
import { readDocument, sectionOf } from '../documents/document.js'

t.test('SEMANTICS has a row for each series, and says the same of it', (t) => {
  const { text } = sectionOf(readDocument('SEMANTICS.md'), 'Figures')
  const rows = [...text.matchAll(/^\| +`([^`]+)` +\| (\w+) +\| (.+?) +\|$/gm)].map(([, ...it]) => it)
  const expected = Object.entries(series).map(([name, { type, labels, help }]) => {
    return [labels.length > 0 ? `${name}{${labels.join(',')}}` : name, type, help]
  })
  t.same(rows, expected)
  t.end()
})

t.test('names say what Prometheus expects of them', (t) => {
  for (const [name, { type, help }] of Object.entries(series)) {
    t.match(name, /^as2fs_[a-z0-9_]+$/)
    t.equal(name.endsWith('_total'), type === 'counter', name)
    t.match(help, /^[^\n|\\`]+\.$/, name)
  }
  t.end()
})
