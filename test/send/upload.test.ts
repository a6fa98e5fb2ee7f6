import t from 'tap'
import { partSize } from '../../src/send/uploads/upload.js'

const mebibyte = 1024 * 1024

t.test('parts are small, but never more than ten thousand', async (t) => {
  t.equal(partSize(100 * mebibyte), 8 * mebibyte)
  t.equal(partSize(80_000 * mebibyte), 8 * mebibyte)
  const terabyte = 1024 * 1024 * mebibyte
  t.ok(Math.ceil(terabyte / partSize(terabyte)) <= 10_000)
})
