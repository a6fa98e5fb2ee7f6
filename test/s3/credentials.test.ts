import { chmod, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { csvCredentials, parseCsv } from '../../src/s3/credentials.js'
import { exposureOf } from '../../src/exposure.js'

const expected = { accessKeyId: 'AKIAEXAMPLE', secretAccessKey: 's3cr3t/+=' }

t.test('the CSV of the gateway is read, however it was saved', async (t) => {
  const texts = {
    'as it is handed out': 'Access key ID,Secret access key\nAKIAEXAMPLE,s3cr3t/+=\n',
    'with a byte order mark and CRLF': '\uFEFFAccess key ID,Secret access key\r\nAKIAEXAMPLE,s3cr3t/+=\r\n',
    'with quotes and a user name': '"User name","Access Key ID","Secret Access Key"\n"mft","AKIAEXAMPLE","s3cr3t/+="\n',
    'in other words': 'aws_access_key_id,aws_secret_access_key\n AKIAEXAMPLE , s3cr3t/+= \n',
  }
  for (const [how, text] of Object.entries(texts)) t.same(parseCsv(text, 'keys.csv'), expected, how)
})

t.test('a file that is none is named, and nothing of what is in it', async (t) => {
  for (const text of ['', 'AKIAEXAMPLE,s3cr3t', 'Access key ID\nAKIAEXAMPLE\n', '"open,s3cr3t\n']) {
    try {
      parseCsv(text, '/etc/keys.csv')
      t.fail('it was taken')
    } catch (error) {
      const message = error instanceof Error ? error.message : ''
      t.match(message, /\/etc\/keys\.csv/)
      t.notMatch(message, /s3cr3t|AKIAEXAMPLE/)
    }
  }
})

t.test('a file that was replaced is read again', async (t) => {
  const directory = t.testdir({ 'keys.csv': 'Access key ID,Secret access key\nOLD,old-secret\n' })
  const file = join(directory, 'keys.csv')
  const source = csvCredentials(file)
  t.match(await source.get(), { accessKeyId: 'OLD' })
  await writeFile(`${file}.new`, 'Access key ID,Secret access key\nNEW,new-secret\n')
  await rename(`${file}.new`, file)
  t.match(await source.get(), { accessKeyId: 'NEW', secretAccessKey: 'new-secret' })
})

t.test('a file that is not there is a failure of credentials, which is waited out', async (t) => {
  const source = csvCredentials(join(t.testdir(), 'missing.csv'))
  await t.rejects(source.get(), { failure: 'credentials', message: /missing\.csv/ })
})

t.test('a file that others may read is said', async (t) => {
  const file = join(t.testdir({ 'keys.csv': '' }), 'keys.csv')
  for (const [mode, sentence] of [
    [0o644, /may be read by others \(mode 0644\): chmod 600 it/],
    [0o640, /may be read by its group/],
    [0o600, undefined],
  ] as const) {
    await chmod(file, mode)
    t.match(await exposureOf('credentials', file), sentence)
  }
  t.equal(await exposureOf('credentials', '/nonexistent/keys.csv'), undefined)
})
