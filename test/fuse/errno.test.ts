import { constants } from 'node:os'
import t from 'tap'
import { FsError } from '../../src/errors.js'
import { failureOf, toErrno } from '../../src/fuse/errno.js'

t.test('the kernel is told what a person would call it', async (t) => {
  const { errno } = constants
  t.equal(toErrno(failureOf(new FsError('ENOSPC', ''))), -errno.ENOSPC)
  t.equal(toErrno(failureOf(new FsError('EROFS', ''))), -errno.EROFS)
  t.equal(toErrno(failureOf(new FsError('ESTALE', ''))), -116)
  t.equal(toErrno(failureOf(new FsError('ENOTSUP', ''))), -errno.EOPNOTSUPP)
})

t.test('what is unknown is EIO, never ENOSYS: the kernel would stop asking', async (t) => {
  for (const error of [new Error('x'), undefined, 'text', null, Object.assign(new Error(), { code: 'ENOSYS' })]) {
    t.equal(toErrno(failureOf(error)), -constants.errno.EIO)
  }
})
