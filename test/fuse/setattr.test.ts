import t from 'tap'
import { attributeChangeOf } from '../../src/fuse/setattr.js'

const now = () => 1_000
const nothing = { valid: 0, handle: 0, size: 0, mtime: 5, mode: 0o100640 }

const cases: Readonly<Record<string, [valid: number, change: unknown]>> = {
  'nothing that is kept': [0, {}],
  chmod: [1, { mode: 0o640 }],
  chown: [2 | 4, { owner: true }],
  'utimensat of both times': [16 | 32, { mtime: 5 }],
  'utimensat of the mtime alone': [32, { mtime: 5 }],
  'utimensat of the atime alone': [16, { mtime: 'omit' }],
  'utimensat of the present time': [16 | 32 | 128 | 256, { mtime: 1_000 }],
  'truncate, which sets its time itself': [8 | 32 | 256, { size: 0 }],
  ftruncate: [8 | 64, { size: 0, handle: 0 }],
  'ftruncate with a time': [8 | 64 | 32, { size: 0, handle: 0, mtime: 5 }],
}

for (const [name, [valid, change]] of Object.entries(cases)) {
  t.test(name, async (t) => t.same(attributeChangeOf({ ...nothing, valid }, now), change))
}
