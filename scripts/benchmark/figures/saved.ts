/** Figures in a file, with what they were measured on: to be shown again, and to be compared with later ones. */
import { readFileSync, writeFileSync } from 'node:fs'
import type { ContenderName } from '../contenders.js'
import type { Machine } from '../machine.js'
import type { Scale } from '../options.js'
import type { Summary } from './summaries.js'

const format = 1

export interface Report {
  /** ISO 8601. */
  readonly when: string
  readonly machine: Machine
  readonly scale: Scale
  /** How often each piece of work was done. */
  readonly runs: number
  readonly contenders: readonly ContenderName[]
  readonly rows: readonly Summary[]
}

export function save(file: string, report: Report): void {
  writeFileSync(file, `${JSON.stringify({ format, ...report }, undefined, 2)}\n`)
}

/** @throws Error with a sentence for the user */
export function load(file: string): Report {
  let found: Partial<Report> & { readonly format?: unknown }
  try {
    found = JSON.parse(readFileSync(file, 'utf8')) as typeof found
  } catch (error) {
    throw new Error(
      `${file} has no figures that can be read: ${error instanceof Error ? error.message : String(error)}`,
    )
  }
  const isOurs = found.format === format && Array.isArray(found.rows)
  if (!isOurs) throw new Error(`${file} is not of scripts/bench --save, or of another version of it: measure again.`)
  return found as Report
}
