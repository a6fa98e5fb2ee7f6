/** The figures of one moment, and their text as Prometheus reads it (text format 0.0.4). */
import type { HistogramFigures } from '../telemetry/histogram.js'
import { series, type SeriesName } from './series.js'

/** Their values in the order of the series' table. */
export type Labels = readonly string[]

/** @see https://prometheus.io/docs/instrumenting/exposition_formats/ */
export const contentType = 'text/plain; version=0.0.4; charset=utf-8'

export class Samples {
  /** By name, and then by what stands between the braces. */
  readonly #values = new Map<SeriesName, Map<string, number>>()
  readonly #histograms = new Map<SeriesName, Map<string, HistogramFigures>>()

  /** What has the same labels is added up. @param labels in the order of the series' table */
  add(name: SeriesName, value: number, ...labels: Labels): void {
    const values = ofSeries(this.#values, name)
    const key = labelsText(name, labels)
    values.set(key, (values.get(key) ?? 0) + value)
  }

  addHistogram(name: SeriesName, figures: HistogramFigures, ...labels: Labels): void {
    ofSeries(this.#histograms, name).set(labelsText(name, labels), figures)
  }

  text(): string {
    const lines: string[] = []
    for (const [name, { type, help }] of Object.entries(series) as [SeriesName, (typeof series)[SeriesName]][]) {
      lines.push(`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`)
      for (const [labels, value] of this.#values.get(name) ?? []) lines.push(`${name}${braced(labels)} ${value}`)
      for (const [labels, figures] of this.#histograms.get(name) ?? []) addHistogram(lines, name, labels, figures)
    }
    return `${lines.join('\n')}\n`
  }
}

function ofSeries<T>(all: Map<SeriesName, Map<string, T>>, name: SeriesName): Map<string, T> {
  let found = all.get(name)
  if (!found) all.set(name, (found = new Map<string, T>()))
  return found
}

function addHistogram(lines: string[], name: string, labels: string, figures: HistogramFigures): void {
  const { limits, within, count, sum } = figures
  const bucket = (limit: string, value: number): string => {
    return `${name}_bucket{${labels}${labels === '' ? '' : ','}le="${limit}"} ${value}`
  }
  limits.forEach((limit, i) => lines.push(bucket(String(limit), within[i] ?? 0)))
  lines.push(bucket('+Inf', count), `${name}_sum${braced(labels)} ${sum}`, `${name}_count${braced(labels)} ${count}`)
}

function labelsText(name: SeriesName, values: Labels): string {
  const { labels }: { readonly labels: readonly string[] } = series[name]
  if (labels.length !== values.length) throw new RangeError(`${name} has ${labels.length} labels`)
  return labels.map((label, i) => `${label}="${escaped(values[i] ?? '')}"`).join(',')
}

/** AS2 ids may be anything. */
function escaped(value: string): string {
  return /[\\"\n]/.test(value) ? value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n') : value
}

function braced(labels: string): string {
  return labels === '' ? '' : `{${labels}}`
}
