/**
 * What stands beside a file in the same `send/` and decides about it: lock files and, with `--commit trigger`, the trigger
 * without which it is not finished.
 */
import type { Partner } from '../../view/partner.js'
import { Groups } from './groups.js'
import type { Holding } from './holding.js'
import type { Candidate } from './judgement.js'
import { bundleId, pathId, type Bundle, type Message } from './message.js'
import type { Happening, LifeEvent, MessageChange } from './events.js'

/** What keeps a file from being sent, or the name of the trigger that lets it go. */
export type BesideVerdict =
  | {
      readonly hold: { readonly reason: 'lock' } | { readonly reason: 'untriggered'; readonly error?: string }
      readonly triggeredBy?: undefined
    }
  | { readonly hold?: undefined; readonly triggeredBy?: string }

export class Beside {
  readonly #holding: Holding
  /** Locks, by the path that they lock. */
  readonly #locks = new Groups<object>()
  /** Triggers, by their path without its suffix. */
  readonly #triggers = new Groups<Message>()
  /** Files that wait for neither, or might, by their path. */
  readonly #files = new Groups<Message>()
  /** With `--commit trigger`: the same, by their path without its extension. */
  readonly #stems = new Groups<Message>()
  /** The file that a trigger has let go, by the trigger's path. */
  readonly #letGo = new Map<string, string>()
  /** Paths, with extension or without, beside which something has changed. */
  readonly #affected = new Set<string>()

  constructor(holding: Holding) {
    this.#holding = holding
  }

  /** A message as it is from now on. */
  update(before: Message | undefined, after: Message): void {
    if (before && this.#isSameToOthers(before, after)) {
      this.#replaceFile(after)
      return
    }
    if (before && before.state !== 'gone') this.#put(before, false)
    if (after.state !== 'gone') this.#put(after, true)
  }

  /** A folder may be a lock, too. */
  updateFolder(bundle: Bundle, isThere: boolean): void {
    const locked = this.#holding.lockedBy(bundle.name)
    if (locked !== undefined) this.#putLock(pathId(bundle, locked), bundleId(bundle), isThere ? bundle : undefined)
  }

  /** Files that are to be judged anew, since what stands beside them has changed; told once. */
  affected(): string[] {
    const files = [...this.#affected].flatMap((path) => [...this.#files.of(path), ...this.#stems.of(path)])
    this.#affected.clear()
    return files.map((it) => it.id)
  }

  isLocked(partner: Partner, path: string): boolean {
    return this.#locks.has(pathId(partner, path))
  }

  /** @param file closed, of a name that may be sent */
  verdict(file: Candidate): BesideVerdict {
    if (file.isReleased === true) return {}
    if (this.isLocked(file, file.path)) return { hold: { reason: 'lock' } }
    return this.#holding.needsTrigger ? this.#triggerVerdict(file) : {}
  }

  /**
   * What whoever changes a file must lock beside it: what follows may change its triggers, and a trigger that is made meanwhile
   * may be meant for it.
   */
  lockNames({ station, partner, path, triggeredBy }: Message): string[] {
    if (!this.#holding.needsTrigger) return []
    const base = this.#holding.triggeredBy(path)
    const usedBase = triggeredBy === undefined ? undefined : this.#holding.triggeredBy(triggeredBy)
    const names = base === undefined ? [path, stemOf(path), usedBase] : [base]
    return names.flatMap((name) => (name === undefined ? [] : [`beside:${pathId({ station, partner }, name)}`]))
  }

  /**
   * What else changes, to be written down with it: a trigger goes when its file does, and counts no more once its file is written anew or has another
   * name.
   */
  consequences(changes: readonly MessageChange[]): Happening[] {
    if (!this.#holding.needsTrigger) return []
    const changed = new Set(changes.map((it) => it.after.id))
    const kept = new Set(
      changes.filter((it) => it.after.state !== 'gone').map(({ after }) => pathId(after, after.path)),
    )
    const found = changes.flatMap(({ before, after }): Happening[] => {
      if (!before || before.state === 'gone' || this.#isTrigger(before)) return []
      if (after.state === 'gone') {
        const isReplaced = kept.has(pathId(before, before.path))
        return isReplaced ? [] : this.#goingWith(before).map(({ id }) => ({ id, event: goesWithItsFile }))
      }
      const trigger = after.triggeredBy === undefined ? this.#triggerOf(before) : undefined
      const isKept = trigger === undefined || (before.path !== after.path && this.#mayMean(trigger, after))
      return isKept || trigger.reason !== 'trigger' ? [] : [{ id: trigger.id, event: spent(after) }]
    })
    return found.filter((it) => !changed.has(it.id))
  }

  #triggerVerdict(message: Candidate): BesideVerdict {
    const trigger = this.#triggerOf(message) ?? this.#usable(message, message.path)
    if (trigger) return { triggeredBy: trigger.path }
    const stem = stemOf(message.path)
    const shared = stem === undefined ? undefined : this.#usable(message, stem)
    if (!shared || stem === undefined || this.#files.has(pathId(message, stem)))
      return { hold: { reason: 'untriggered' } }
    const [other, third] = this.#otherCandidates(message, stem)
    if (!other) return { triggeredBy: shared.path }
    // The same whatever becomes of the others: who is judged by it is not judged anew for every one of them.
    const others = third ? 'one of others' : other.path
    const error = `${shared.path} may be meant for ${message.path} or ${others}: name it after the whole name.`
    return { hold: { reason: 'untriggered', error } }
  }

  /** A trigger that is closed, was not used, and has not let another file go. */
  #usable(message: Candidate, base: string): Message | undefined {
    return [...this.#triggers.of(pathId(message, base))].find((it) => {
      const other = this.#letGo.get(pathId(it, it.path))
      return it.reason === 'trigger' && it.isSpent !== true && (other === undefined || other === message.id)
    })
  }

  /** The trigger that has let a file go, as long as it is there. */
  #triggerOf(file: Candidate): Message | undefined {
    const base = file.triggeredBy === undefined ? undefined : this.#holding.triggeredBy(file.triggeredBy)
    if (base === undefined) return undefined
    return [...this.#triggers.of(pathId(file, base))].find((it) => it.path === file.triggeredBy)
  }

  /** Other files that a trigger without their extension may be meant for: two at most. */
  #otherCandidates(file: Candidate, stem: string): Message[] {
    const others: Message[] = []
    for (const it of this.#stems.of(pathId(file, stem))) {
      if (it.id !== file.id && it.triggeredBy === undefined) others.push(it)
      if (others.length === 2) break
    }
    return others
  }

  /** The triggers that have no other file than this. */
  #goingWith(file: Message): Message[] {
    const stem = stemOf(file.path)
    const isOnly = stem !== undefined && this.#otherCandidates(file, stem).length === 0
    const shared = isOnly && !this.#files.has(pathId(file, stem)) ? this.#triggers.of(pathId(file, stem)) : []
    const own = [...this.#triggers.of(pathId(file, file.path)), ...shared].filter((it) => {
      const other = this.#letGo.get(pathId(it, it.path))
      return it.state === 'held' && (other === undefined || other === file.id)
    })
    const trigger = this.#triggerOf(file)
    return trigger?.state === 'held' && !own.includes(trigger) ? [...own, trigger] : own
  }

  #mayMean(trigger: Message, file: Message): boolean {
    const base = this.#holding.triggeredBy(trigger.path)
    return base === file.path || base === stemOf(file.path)
  }

  #isTrigger({ path }: Message): boolean {
    return this.#holding.triggeredBy(path) !== undefined
  }

  /** Whether nothing follows from a change of a file for what is beside it. */
  #isSameToOthers(before: Message, after: Message): boolean {
    if (before.state === 'gone' || after.state === 'gone') return false
    if (before.path !== after.path || before.triggeredBy !== after.triggeredBy) return false
    return !this.#isTrigger(after) && this.#holding.lockedBy(after.path) === undefined
  }

  /** One that is known keeps its place. */
  #replaceFile(file: Message): void {
    if (file.path.includes('/') || this.#holding.looksUnfinished(file.path)) return
    this.#files.set(pathId(file, file.path), file.id, file)
    const stem = stemOf(file.path)
    if (this.#holding.needsTrigger && stem !== undefined) this.#stems.set(pathId(file, stem), file.id, file)
  }

  #put(message: Message, isThere: boolean): void {
    const { id, path } = message
    const locked = this.#holding.lockedBy(path)
    if (locked !== undefined) this.#putLock(pathId(message, locked), id, isThere ? message : undefined)
    if (path.includes('/')) return
    const base = this.#holding.triggeredBy(path)
    if (base !== undefined) this.#putTrigger(pathId(message, base), message, isThere)
    else if (!this.#holding.looksUnfinished(path)) this.#putFile(message, isThere)
  }

  #putLock(locked: string, id: string, lock: object | undefined): void {
    if (lock) this.#locks.set(locked, id, lock)
    else this.#locks.delete(locked, id)
    this.#affected.add(locked)
  }

  #putTrigger(base: string, trigger: Message, isThere: boolean): void {
    if (isThere) this.#triggers.set(base, trigger.id, trigger)
    else this.#triggers.delete(base, trigger.id)
    this.#affected.add(base)
  }

  #putFile(file: Message, isThere: boolean): void {
    const path = pathId(file, file.path)
    if (isThere) this.#files.set(path, file.id, file)
    else this.#files.delete(path, file.id)
    if (!this.#holding.needsTrigger) return
    const trigger = file.triggeredBy === undefined ? undefined : pathId(file, file.triggeredBy)
    if (trigger !== undefined && isThere) this.#letGo.set(trigger, file.id)
    else if (trigger !== undefined && this.#letGo.get(trigger) === file.id) this.#letGo.delete(trigger)
    const stem = stemOf(file.path)
    const shared = stem === undefined ? undefined : pathId(file, stem)
    if (shared !== undefined && isThere) this.#stems.set(shared, file.id, file)
    else if (shared !== undefined) this.#stems.delete(shared, file.id)
    // Those of which it was not clear whose a trigger is.
    for (const it of [path, shared]) if (it !== undefined && this.#triggers.has(it)) this.#affected.add(it)
  }
}

/** `orders.edi` → `orders`; undefined where there is no extension. */
function stemOf(path: string): string | undefined {
  const dot = path.lastIndexOf('.')
  return dot > 0 ? path.slice(0, dot) : undefined
}

const goesWithItsFile: LifeEvent = { type: 'cancelled', policy: '--commit trigger' }

function spent(file: Message): LifeEvent {
  const error = `It was used for ${file.path}, which has changed since: make or touch it again once that is finished.`
  return { type: 'spent', error }
}
