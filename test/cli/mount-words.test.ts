/** What stands after `-o`. */
import t from 'tap'
import { parseMountWords, splitList } from '../../src/cli/mount-words.js'

t.test('commas separate, escaped ones do not', async (t) => {
  t.same(splitList('a,b=c'), ['a', 'b=c'])
  t.same(splitList('station=A\\,B/C,ro'), ['station=A,B/C', 'ro'])
  t.same(splitList('hold=a\\\\,ro'), ['hold=a\\', 'ro'])
  t.same(splitList('a,,b,'), ['a', 'b'])
  t.same(splitList(''), [])
  t.same(splitList('x\\'), ['x\\'], 'a backslash at the end is one')
})

t.test('words are flags', async (t) => {
  const texts = parseMountWords(['list-ttl=1m,ro', 'hold=*.x,hold=*.y,allow_other'])
  t.same(
    [...texts],
    [
      ['list-ttl', ['1m']],
      ['read-only', ['true']],
      ['hold', ['*.x', '*.y']],
      ['allow-other', ['true']],
    ],
  )
})

t.test('what fstab says to others is left alone', async (t) => {
  const words = 'rw,noauto,auto,nofail,_netdev,user,users,nouser,defaults,exec,noexec,suid,nosuid,dev,nodev,noatime'
  t.same([...parseMountWords([`${words},relatime,x-systemd.automount,x-gvfs-hide,comment=mine,user=edi`])], [])
})

t.test('a word that is no option is said', async (t) => {
  t.throws(() => parseMountWords(['list-tll=1s']), {
    message: 'There is no option -o list-tll. Did you mean -o list-ttl?',
  })
  t.throws(() => parseMountWords(['rw,remount']), {
    message: /^The options of a mount .* unmount it, and mount it again/,
  })
  t.same([...parseMountWords(['station=A\\,remount/B'])], [['station', ['A,remount/B']]])
  t.throws(() => parseMountWords(['list-ttl']), { message: '-o list-ttl needs a value: -o list-ttl=TIME.' })
})
