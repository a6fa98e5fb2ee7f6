/** Of the kernel's calls, and of what programs have open. */
import type { OpenFiles } from '../fs/handles.js'
import type { OutcomeMeter } from '../telemetry/outcome-meter.js'
import type { Collector } from './metrics.js'

export interface KernelFigures {
  /** Undefined before it is mounted. */
  readonly calls: () => { readonly meter: OutcomeMeter; counts(): { readonly answeredByBinding: number } } | undefined
  readonly openFiles: () => OpenFiles
}

export function ofKernel({ calls, openFiles }: KernelFigures): Collector {
  let keptSoFar = 0
  return (samples) => {
    for (const [kind, count] of Object.entries(openFiles())) samples.add('as2fs_open_files', count, kind)
    const known = calls()
    // At an unmount the binding forgets its count.
    keptSoFar = Math.max(keptSoFar, known?.counts().answeredByBinding ?? 0)
    samples.add('as2fs_fuse_calls_kept_total', keptSoFar)
    if (!known) return
    for (const [operation, code, count] of known.meter.outcomes.entries()) {
      samples.add('as2fs_fuse_calls_total', count, operation, code)
    }
    for (const [operation, figures] of known.meter.times()) {
      samples.addHistogram('as2fs_fuse_call_duration_seconds', figures, operation)
    }
  }
}
