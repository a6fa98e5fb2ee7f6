/** What libraries print by themselves, and Node's warnings: lines of the log like any other, and not of stderr beside it. */
import { format } from 'node:util'
import type { Logger } from './log.js'

const levels = { debug: 'debug', log: 'info', info: 'info', warn: 'warn', error: 'error' } as const
const methods = Object.keys(levels) as (keyof typeof levels)[]

/** @returns lets them go where they went before */
export function hearOthers(log: Logger): () => void {
  const before = { ...console }
  for (const method of methods) {
    console[method] = (...words: unknown[]) => log[levels[method]]({ by: `console.${method}` }, format(...words))
  }
  const listeners = process.listeners('warning')
  process.removeAllListeners('warning')
  const onWarning = ({ name, message }: Error): void => {
    // Early releases of Node 20 call JSON modules so.
    if (name !== 'ExperimentalWarning') log.warn({ by: name }, message)
  }
  process.on('warning', onWarning)
  return () => {
    Object.assign(console, before)
    process.off('warning', onWarning)
    for (const it of listeners) process.on('warning', it)
  }
}
