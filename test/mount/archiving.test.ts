/** Programs that pack the whole mount, and look whether it changed under their hands. */
import t from 'tap'
import { prepare } from '../helpers/mounted.js'
import { run, sh } from '../helpers/run.js'

t.test('tar packs a fresh mount without a complaint', async (t) => {
  const mounted = await prepare(t, { flags: ['--list-ttl', '100ms'] })
  const hour = 3_600_000
  for (const partner of ['GLOBEX', 'HOOLI', 'INITECH']) {
    for (let n = 0; n < 40; n += 1) {
      const [folder, mtime] = [String(720_784_109_390_000 + n), Date.now() - (40 - n) * hour]
      for (const view of [
        `files/ACME/${partner}/inbox`,
        `files/ACME/${partner}/outbox`,
        `headers/ACME/${partner}/inbox`,
      ])
        mounted.server.put(`AS2/${view}/${folder}/order.edi`, Buffer.from(`${partner} ${n}`), { mtime })
      mounted.server.put(`AS2/raw-mdn/incoming/ACME/${partner}/${folder}.mdn`, Buffer.from('mdn'), { mtime })
    }
    mounted.server.put(`AS2/files/ACME/${partner}/failed/1/order.edi`, Buffer.from('failed'))
    mounted.server.put(`AS2/duplicate/ACME/${partner}/order.edi`, Buffer.from('twice'))
    mounted.server.put(`AS2/send/ACME/${partner}/waits.edi`, Buffer.from('waits'))
  }
  await mounted.mount()
  const archive = `${mounted.directory}/a.tar`
  for (const time of ['first', 'second']) {
    const { code, stderr } = await run('tar', ['cf', archive, '-C', mounted.mountpoint, '.'])
    t.equal(stderr, '', `the ${time} time`)
    t.equal(code, 0)
  }
  // What is in inbox/ and outbox/ is in new/ and in delivery/, too.
  t.equal(Number(await sh(`tar tf ${archive} | grep -c order.edi`)), 3 * (5 * 40 + 2))
})
