/** Hears from the sender what S3 has taken, also before anybody is there to be told of it. */
import type { SentFile } from './sent-files.js'

type Listener = (file: SentFile) => void

/** A sink of the sender's trail. */
export class Submissions {
  #early: SentFile[] = []
  #listener: Listener | undefined

  wants(event: string): boolean {
    return event === 'submitted'
  }

  append(entry: object): void {
    const file = sentFileIn(entry)
    if (!file) return
    if (this.#listener) this.#listener(file)
    else this.#early.push(file)
  }

  /** Nothing of it is on its way anywhere. */
  flushed(): Promise<void> {
    return Promise.resolve()
  }

  /** None is known: at a start all that the journal has is told once more. */
  tail(): Promise<readonly object[]> {
    return Promise.resolve([])
  }

  /** From now on, and what was before. */
  listen(listener: Listener): void {
    this.#listener = listener
    for (const file of this.#early) listener(file)
    this.#early = []
  }
}

/** @param entry of the audit trail: when S3 took the file by its clock, and how long that was after its close */
function sentFileIn(entry: object): SentFile | undefined {
  const { at, date, station, partner, name, size, sinceClosedMs } = entry as Partial<Record<string, unknown>>
  if (typeof station !== 'string' || typeof partner !== 'string' || typeof name !== 'string') return undefined
  if (typeof size !== 'number' || typeof at !== 'string') return undefined
  const submittedAt = Date.parse(typeof date === 'string' ? date : at)
  return { station, partner, name, size, submittedAt, closedAt: Date.parse(at) - Number(sinceClosedMs ?? 0) }
}
