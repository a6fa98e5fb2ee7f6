/** Sequences of the model of reading that went wrong once, as small as they could be made. */
import type { Scenario } from './read-actions.js'

const look = { do: 'readdir', where: { at: 'view', view: 0 } } as const
const ofKey = { do: 'getattr', where: { at: 'key', nth: 0, names: 0 } } as const

export const found: Readonly<Record<string, Scenario>> = {
  'a partner that an outage was asked for, and that goes after it, stays': {
    ...{ pageLimit: 1000, views: [0, 10], messages: 0 },
    actions: [
      { do: 'outage', kind: 'hung' },
      { do: 'put', view: 1, rest: 'A/B/a', size: 0 },
      ofKey,
      { do: 'heal' },
      { do: 'getattr', where: { at: 'view', view: 1 } },
      { do: 'delete', nth: 9 },
    ],
  },
  'a view that is compared with the bucket as it is read is told to have changed': {
    ...{ pageLimit: 1000, views: [0], messages: 1100 },
    actions: [
      look,
      { do: 'delete', nth: 16 },
      { do: 'wait', ms: 601_000 },
      { do: 'put', view: 0, rest: '720784109391100/b', size: 0 },
      look,
      look,
    ],
  },
}
