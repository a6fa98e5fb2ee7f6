/** Events as browsers read them: where they begin, how they go on, and that who follows holds nobody up. */
import t from 'tap'
import type { FollowLine } from '../../src/events/event.js'
import type { Beginning } from '../../src/events/follower.js'
import type { HttpSources } from '../../src/http/routes.js'
import { ask, open, quietSources, serve } from '../helpers/http-server.js'
import { until } from '../helpers/until.js'

const log = '5e0c43ff-0000-4000-8000-000000000000'
const received: FollowLine = {
  event: {
    ...{ at: '2026-11-28T10:00:00.000Z', event: 'received', station: 'ACME', partner: 'GLOBEX' },
    ...{ name: 'a\nb.edi', path: '/p', key: 'k' as never, size: 3, etag: 'e' },
  } as never,
}

/** Tells some lines, then ends. */
function telling(lines: readonly FollowLine[], begun: Beginning[] = []): HttpSources {
  return {
    ...quietSources,
    events: (beginning, to) => {
      begun.push(beginning)
      for (const line of lines) to.write(line)
      return Promise.resolve()
    },
  }
}

t.test('each event is one message, and each step a cursor by which a browser goes on', async (t) => {
  const begun: Beginning[] = []
  const progress = { log, seq: 17, from: 1_795_889_378_188.7, missing: 'S3 does not answer.' }
  const { port } = await serve(t, { sources: telling([received, { progress }], begun) })
  const { headers, body } = await ask(port, { path: '/api/events?since=1700000000000' })
  t.match(headers, { 'content-type': /^text\/event-stream/, 'cache-control': 'no-store', 'x-frame-options': 'DENY' })
  t.match(body, 'retry: 3000\n\n')
  t.match(body, /\ndata: \{[^\n]*"name":"a\\nb\.edi"[^\n]*\}\n\n/)
  const id = `${log}:17:1795889378188`
  t.match(body, `id: ${id}\nevent: progress\ndata: {"missing":"S3 does not answer."}\n\n`)
  await ask(port, { path: '/api/events', headers: { 'Last-Event-ID': id } })
  await ask(port, { path: '/api/events' })
  t.same(begun, [
    { from: 1_700_000_000_000, isFollowing: true },
    { logged: { log, seq: 17 }, from: 1_795_889_378_188, isFollowing: true },
    { from: undefined, isFollowing: true },
  ])
})

t.test('so many follow at the same time; one more is told so, until one of them is gone', async (t) => {
  const { port } = await serve(t)
  const follow = () => {
    const socket = open(port)
    socket.write('GET /api/events HTTP/1.1\r\nHost: localhost\r\n\r\n')
    let said = ''
    socket.on('data', (chunk) => (said += chunk.toString())).on('error', () => undefined)
    return { socket, said: () => said }
  }
  const followers = Array.from({ length: 16 }, follow)
  await until('all to follow', () => followers.every((it) => it.said().includes('retry:')))
  t.match(await ask(port, { path: '/api/events' }), { status: 503, body: /16 follow the events/ })
  followers[0]?.socket.destroy()
  const next = await until('a place', async () => {
    const it = follow()
    await until('an answer', () => it.said() !== '')
    return it.said().includes('200 OK') ? it : undefined
  })
  t.match(next.said(), /retry: 3000/)
  for (const { socket } of [...followers, next]) socket.destroy()
})

t.test('who does not read is waited for, without memory, and not at the end', async (t) => {
  let written = 0
  let isWaiting = false
  const events: HttpSources['events'] = async (_beginning, lines) => {
    for (;;) {
      written += 1
      if (lines.write(received)) continue
      isWaiting = true
      await lines.drained()
      isWaiting = false
    }
  }
  const { port, server } = await serve(t, { sources: { ...quietSources, events } })
  const socket = open(port)
  socket.on('error', () => undefined)
  socket.pause()
  socket.write('GET /api/events HTTP/1.1\r\nHost: localhost\r\n\r\n')
  await until('it to be full', () => isWaiting)
  t.ok(written < 100_000)
  t.equal((await ask(port)).status, 200, 'others are answered')
  const begin = Date.now()
  await server.close()
  t.ok(Date.now() - begin < 5_000)
  socket.destroy()
})
