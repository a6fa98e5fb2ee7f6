import t from 'tap'
import { parseMountInfo } from '../../src/fuse/mountinfo.js'

t.test('mountpoints are read as they are, with optional fields and escapes', async (t) => {
  const text = [
    '36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw,errors=continue',
    '40 35 0:50 / /mnt/with\\040space\\134and\\011tab rw,nosuid shared:7 master:2 - fuse.as2fs mftg-acme rw,user_id=0',
    '41 35 0:51 / /mnt/ü rw - fuse.as2fs a\\040b rw',
    '',
  ].join('\n')
  t.same(parseMountInfo(text), [
    { id: '36', device: '98:0', mountpoint: '/mnt2', root: '/mnt1', type: 'ext3', source: '/dev/root' },
    {
      id: '40',
      device: '0:50',
      mountpoint: '/mnt/with space\\and\ttab',
      root: '/',
      type: 'fuse.as2fs',
      source: 'mftg-acme',
    },
    { id: '41', device: '0:51', mountpoint: '/mnt/ü', root: '/', type: 'fuse.as2fs', source: 'a b' },
  ])
})
