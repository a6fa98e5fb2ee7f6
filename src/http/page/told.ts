/** What the page reads of what the daemon tells: the server's own reports have to have it. */

export interface Named {
  readonly station: string
  readonly partner: string
}

export interface Reason {
  /** What it is about: `bucket`, `credentials`, `failed`… */
  readonly reason: string
  readonly sentence: string
  readonly since?: number | undefined
}

export interface ToldStatus {
  readonly version: string
  readonly bucket: string
  readonly mountpoint: string
  readonly since: number
  readonly state: 'ok' | 'degraded' | 'stopping'
  readonly reasons: readonly Reason[]
}

export interface SendCounts {
  readonly open: number
  readonly held: number
  readonly queued: number
  readonly uploading: number
  readonly submitted: number
  readonly failed: number
}

export interface ToldFile extends Named {
  readonly id: string
  readonly path: string
  readonly state: keyof SendCounts
  readonly reason?: string | undefined
  readonly size: number
  readonly mtime: number
  readonly closedAt?: number | undefined
  readonly submittedAt?: number | undefined
  readonly tries: number
  readonly nextTryAt?: number | undefined
  readonly waitsFor?: string | undefined
  readonly error?: string | undefined
  readonly uploaded: number
}

export interface ToldQueue {
  readonly generatedAt: number
  readonly counts: SendCounts
  readonly rows: readonly ToldFile[]
}

export interface DeliveryCounts {
  readonly pending: number
  readonly overdue: number
  readonly delivered: number
  readonly warned: number
  readonly refused: number
}

export interface ToldMessage extends Named {
  readonly state: keyof DeliveryCounts
  readonly names: readonly string[]
  readonly message?: string | undefined
  readonly size: number
  readonly closedAt?: number | undefined
  readonly sentAt: number
  readonly disposition?: string | undefined
  readonly mdnAt?: number | undefined
}

export interface ToldDeliveries {
  readonly generatedAt: number
  readonly left: number
  readonly counts: DeliveryCounts
  readonly rows: readonly ToldMessage[]
  readonly missing: readonly string[]
}

export interface ToldArrival extends Named {
  readonly name: string
  readonly path: string
  readonly size: number
  readonly at: number
}

export interface ToldArrivals {
  readonly generatedAt: number
  readonly count: number
  readonly rows: readonly ToldArrival[]
  readonly missing: readonly string[]
}
