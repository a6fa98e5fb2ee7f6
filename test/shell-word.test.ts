/** Texts as words of a shell: a real one reads them as they were. */
import fc from 'fast-check'
import { execFileSync } from 'node:child_process'
import t from 'tap'
import { shellWord } from '../src/shell-word.js'

t.test('what means nothing to a shell is left as it is', async (t) => {
  for (const plain of ['mftg-acme', 'AS2/send/A/B/x.edi', '/mnt/as2']) t.equal(shellWord(plain), plain)
})

t.test('whatever partners are called, one word comes out, and nothing is run', async () => {
  const odd = ["x'; touch pwned; '", '$(touch pwned)', '`id`', 'a\nb', 'a\\b\t', '', "'\x01'", 'Größe 訂單', '!!', '-n']
  const texts = fc.oneof(fc.constantFrom(...odd), fc.string({ unit: 'binary', maxLength: 20 }))
  fc.assert(
    fc.property(fc.array(texts, { minLength: 5, maxLength: 20 }), (all) => {
      // No program can be given a zero.
      const words = all.map((it) => it.replaceAll('\0', ''))
      const script = `printf '%s\\0' ${words.map(shellWord).join(' ')}`
      const said = execFileSync('bash', ['--norc', '-c', script], { encoding: 'utf8' })
      return said === words.map((it) => `${Buffer.from(it).toString()}\0`).join('')
    }),
    { numRuns: 40 },
  )
})
