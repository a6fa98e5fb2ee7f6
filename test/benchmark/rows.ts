/** Rows of figures for tests. */
import type { Summary } from '../../scripts/benchmark/figures/summaries.js'
import { spread } from '../../scripts/benchmark/figures/summaries.js'

/** A row of seconds. @param values of several runs; none: it was given up */
export function row(
  id: string,
  contender: Summary['contender'],
  values: readonly number[],
  { cpu, ...more }: Partial<Omit<Summary, 'cpu'>> & { readonly cpu?: readonly number[] } = {},
): Summary {
  const [value, spent] = [spread(values), spread(cpu ?? [])]
  return {
    ...{ id, words: `the work ${id}`, link: 'plain', contender, unit: 'seconds', runs: values.length },
    ...{ isListing: false },
    ...(value ? { value } : { failure: '> 75 s' }),
    ...(spent ? { cpu: spent } : {}),
    ...more,
  }
}
