/** What `.as2fs/metrics` says, read as Prometheus does. */
import { readFile } from 'node:fs/promises'

export interface Sample {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

export class Figures {
  readonly samples: readonly Sample[]
  readonly types: ReadonlyMap<string, string>

  constructor(text: string) {
    const lines = text.split('\n').filter((it) => it !== '')
    this.types = new Map(
      lines.flatMap((it) => {
        const [, name = '', type = ''] = /^# TYPE (\S+) (\S+)$/.exec(it) ?? []
        return name === '' ? [] : [[name, type] as const]
      }),
    )
    this.samples = lines.filter((it) => !it.startsWith('#')).map(sampleOf)
  }

  /** Of one mount. */
  static async at(mountpoint: string): Promise<Figures> {
    return new Figures(await readFile(`${mountpoint}/.as2fs/metrics`, 'utf8'))
  }

  /** All that have these labels, added up; undefined if there is none. */
  of(name: string, labels: Readonly<Record<string, string>> = {}): number | undefined {
    const found = this.samples.filter(
      (it) => it.name === name && Object.entries(labels).every(([label, value]) => it.labels[label] === value),
    )
    return found.length === 0 ? undefined : found.reduce((sum, { value }) => sum + value, 0)
  }

  /** What may only grow, by name and labels. */
  growing(): ReadonlyMap<string, number> {
    const grows = ({ name }: Sample): boolean => {
      const type = this.types.get(name) ?? this.types.get(name.replace(/_(bucket|sum|count)$/, ''))
      return type === 'counter' || type === 'histogram'
    }
    return new Map(this.samples.filter(grows).map((it) => [`${it.name} ${JSON.stringify(it.labels)}`, it.value]))
  }
}

/** @throws Error for a line that is none */
function sampleOf(line: string): Sample {
  const [, name = '', inside = '', value = ''] = /^([a-z0-9_]+)(?:\{(.*)\})? (\S+)$/.exec(line) ?? []
  if (name === '' || Number.isNaN(Number(value))) throw new Error(`no sample: ${line}`)
  const labels = [...inside.matchAll(/([a-z]+)="((?:[^"\\]|\\.)*)"/g)].map((it) => {
    const text = (it[2] ?? '').replaceAll(/\\(.)/g, (_, escaped: string) => (escaped === 'n' ? '\n' : escaped))
    return [it[1] ?? '', text] as const
  })
  return { name, labels: Object.fromEntries(labels), value: Number(value) }
}
