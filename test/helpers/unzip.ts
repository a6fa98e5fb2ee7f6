/** What another program finds in a zip. */
import { run } from './run.js'

const script = `
import base64, io, json, sys, zipfile
with zipfile.ZipFile(io.BytesIO(base64.b64decode(sys.stdin.read()))) as z:
    print(json.dumps([[it, base64.b64encode(z.read(it)).decode()] for it in z.namelist()]))`

/** @returns contents by name */
export async function unzipped(zip: Buffer): Promise<ReadonlyMap<string, Buffer>> {
  const { code, stdout, stderr } = await run('python3', ['-c', script], { input: zip.toString('base64') })
  if (code !== 0) throw new Error(`no zip: ${stderr}`)
  return new Map((JSON.parse(stdout) as [string, string][]).map(([name, text]) => [name, Buffer.from(text, 'base64')]))
}
