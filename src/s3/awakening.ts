/**
 * Requests that were sent while a server was silent are not waited for once it answers others: they may have gone to one that is no more, over a
 * connection that nobody has ended. They are asked anew.
 */

/** One try at a request, until it ends. */
export interface Waiting {
  /** Something of its answer has come. */
  heard(): void
  /** It was given up, as nothing came. */
  lost(): void
  end(): void
}

/** The tries at one request. */
export interface Tries {
  /** @param giveUp is called when the server has answered one that was sent later; once for all tries */
  begin(giveUp: () => void): Waiting
}

interface Sent {
  readonly number: number
  readonly giveUp: () => void
  isHeard: boolean
}

export class Awakening {
  /** In the order in which they were sent. */
  readonly #waiting = new Set<Sent>()
  #count = 0
  /** Somebody was given up, and nobody was answered since: else it is merely slow, as some are with listings. */
  #isSilent = false

  /** Whoever is slow must get its answer through, whatever others are answered: it is asked anew once. */
  tries(): Tries {
    let mayGiveUp = true
    return {
      begin: (giveUp) =>
        this.#begin(() => {
          if (mayGiveUp) giveUp()
          mayGiveUp = false
        }),
    }
  }

  #begin(giveUp: () => void): Waiting {
    const sent: Sent = { number: (this.#count += 1), giveUp, isHeard: false }
    this.#waiting.add(sent)
    return {
      heard: () => {
        if (!sent.isHeard) this.#heard(sent)
      },
      lost: () => {
        if (!sent.isHeard) this.#isSilent = true
      },
      end: () => void this.#waiting.delete(sent),
    }
  }

  #heard(sent: Sent): void {
    sent.isHeard = true
    if (!this.#isSilent) return
    this.#isSilent = false
    for (const it of [...this.#waiting]) if (it.number < sent.number && !it.isHeard) it.giveUp()
  }
}
