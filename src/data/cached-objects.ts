/** Objects as the filesystem opens them: pinned versions that share their blocks, and what is foreseen between them. */
import type { ObjectInfo } from '../s3/store.js'
import { BlockSource, type BlockSourceOptions } from './block-source.js'
import type { Objects, OpenObject, Successors, Usage } from './objects.js'
import { PinnedObject, type Readers } from './pinned-object.js'
import { SequentialReaders } from './sequential-readers.js'
import { Walks } from './walks.js'

export interface ObjectsOptions extends BlockSourceOptions {
  /** Told when somebody begins to read a large file from one end to the other, and when nobody does any more. */
  readonly onLargeReads?: (underWay: boolean) => void
}

export function createObjects(options: ObjectsOptions): Objects {
  return new CachedObjects(options)
}

class CachedObjects implements Objects {
  readonly #readers: Readers
  readonly #walks: Walks

  constructor(options: ObjectsOptions) {
    this.#readers = {
      blocks: new BlockSource(options),
      sequential: new SequentialReaders((some) => options.onLargeReads?.(some)),
    }
    this.#walks = new Walks(this.#readers.blocks)
  }

  open(info: ObjectInfo, after?: Successors): OpenObject {
    return new PinnedObject(info, this.#readers, () => after && this.#walks.cameTo(info, after))
  }

  usage(): Usage {
    return this.#readers.blocks.usage()
  }
}
