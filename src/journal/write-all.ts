/** One write to a file, whole: write(2) may take less than it is given. */
import type { FileHandle } from 'node:fs/promises'
import type { Bytes } from '../units.js'

/** @throws the disk's own error; a part of it may be written then */
export async function writeAll(file: FileHandle, bytes: Uint8Array, position: Bytes): Promise<void> {
  for (let done = 0; done < bytes.length;) {
    done += (await file.write(bytes, done, bytes.length - done, position + done)).bytesWritten
  }
}
