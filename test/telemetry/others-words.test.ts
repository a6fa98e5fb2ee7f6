/** What libraries say by themselves, in the log. */
import t from 'tap'
import type { Logger } from '../../src/telemetry/log.js'
import { hearOthers } from '../../src/telemetry/others-words.js'

t.test('what others print, and what Node warns of, is in the log, and nowhere else till the end', async (t) => {
  const lines: unknown[] = []
  const note = (level: string) => (fields: object, text: string) => void lines.push([level, fields, text])
  const log = {
    debug: note('debug'),
    info: note('info'),
    warn: note('warn'),
    error: note('error'),
  } as unknown as Logger
  const before = { ...console }
  const others = process.listeners('warning')
  const letGo = hearOthers(log)
  t.teardown(letGo)
  console.warn('a server of credentials: %s', 'ECONNREFUSED')
  console.error(new Error('broken').message, 7)
  console.log('said')
  process.emit('warning', Object.assign(new Error('it is too old'), { name: 'NodeVersionSupportWarning' }))
  process.emit('warning', Object.assign(new Error('JSON modules'), { name: 'ExperimentalWarning' }))
  t.same(lines, [
    ['warn', { by: 'console.warn' }, 'a server of credentials: ECONNREFUSED'],
    ['error', { by: 'console.error' }, 'broken 7'],
    ['info', { by: 'console.log' }, 'said'],
    ['warn', { by: 'NodeVersionSupportWarning' }, 'it is too old'],
  ])
  letGo()
  t.same({ ...console }, before)
  t.same(process.listeners('warning'), others)
})
