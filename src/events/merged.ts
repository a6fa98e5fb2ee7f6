/** Two streams that are each in order, as one. Pure. */

/** @param isFirst whether the one of the first stream comes before the one of the second */
export async function* merged<A, B>(
  first: AsyncIterable<A>,
  second: AsyncIterable<B>,
  isFirst: (a: A, b: B) => boolean,
): AsyncGenerator<A | B, undefined> {
  const [ones, others] = [first[Symbol.asyncIterator](), second[Symbol.asyncIterator]()]
  try {
    let [a, b] = [await ones.next(), await others.next()]
    while (a.done !== true || b.done !== true) {
      if (b.done === true || (a.done !== true && isFirst(a.value, b.value))) {
        if (a.done !== true) yield a.value
        a = await ones.next()
      } else {
        yield b.value
        b = await others.next()
      }
    }
  } finally {
    await ones.return?.()
    await others.return?.()
  }
}
