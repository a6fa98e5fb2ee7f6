/** What is shipped for monitoring asks for series that there are, by labels that they have. */
import { readFileSync } from 'node:fs'
import t from 'tap'
import { parse } from 'yaml'
import { series, type Series } from '../../src/metrics/series.js'
import { readDocument, root } from './document.js'

/** Prometheus' own, and those of the node exporter. */
const others = new Set(['up', 'node_textfile_mtime_seconds'])
const known: ReadonlyMap<string, Series> = new Map(Object.entries(series))

interface Asked {
  readonly name: string
  readonly labels: readonly string[]
}

/** Series that an expression of PromQL asks for, with the labels that it goes by. */
function askedIn(expression: string): Asked[] {
  return [...expression.matchAll(/\b(as2fs_\w+|node_\w+)(?:\{([^}]*)\})?/g)].map(([, name = '', inside = '']) => ({
    name,
    labels: [...inside.matchAll(/(\w+) *(?:=|!|~)/g)].map((it) => it[1] ?? ''),
  }))
}

/** The series of a histogram's parts. */
function seriesOf(name: string): Series | undefined {
  const found = known.get(name.replace(/_(bucket|sum|count)$/, ''))
  return known.get(name) ?? (found?.type === 'histogram' ? found : undefined)
}

const rules = parse(readFileSync(`${root}docs/monitoring/alerts.yml`, 'utf8')) as {
  readonly groups: readonly { readonly rules: readonly { readonly alert: string; readonly expr: string }[] }[]
}
const alerts = rules.groups.flatMap((it) => it.rules)
const tests = readFileSync(`${root}docs/monitoring/alerts.test.yml`, 'utf8')
const dashboard = readFileSync(`${root}docs/monitoring/dashboard.json`, 'utf8')
const guide = readDocument('docs/monitoring.md')
const panels = [...dashboard.matchAll(/"(?:expr|query)": "((?:[^"\\]|\\.)*)"/g)].map((it) =>
  (it[1] ?? '').replaceAll('\\"', '"'),
)

t.test('every series that is asked for is told', async (t) => {
  const expressions = [
    ...alerts.map((it) => it.expr),
    ...panels,
    tests,
    ...guide.blocks.map((it) => it.text),
    ...guide.spans,
  ]
  const asked = expressions.flatMap(askedIn)
  t.ok(asked.length > 50)
  for (const { name, labels } of asked) {
    const found = seriesOf(name)
    if (others.has(name)) continue
    t.ok(found, name)
    const allowed = ['instance', 'job', 'le', ...(found?.labels ?? [])]
    for (const label of labels) t.ok(allowed.includes(label), `${name} by ${label}`)
  }
})

t.test('the dashboard shows each of them', async (t) => {
  const shown = new Set(
    askedIn(dashboard.replaceAll('\\"', '"')).map(({ name }) => name.replace(/_(bucket|sum|count)$/, '')),
  )
  const hidden = ['as2fs_delivery_last_refused_timestamp_seconds']
  t.same(
    [...known.keys()].filter((it) => !shown.has(it)),
    hidden,
  )
})

t.test('each alert has a test of when it fires, and a row in the guide', async (t) => {
  for (const { alert } of alerts) {
    t.match(tests, new RegExp(`alertname: ${alert}\\n +exp_alerts`), alert)
    t.ok(guide.spans.includes(alert), alert)
  }
})
