/** What a user would see at a terminal: the ```console blocks of a document, as steps that can be done. */
import type { ProjectDocument } from './document.js'

export type Step =
  /** `# The bucket is back.`: what happens elsewhere. */
  | { readonly kind: 'event'; readonly text: string; readonly line: number }
  /** `$ ls`, and the lines below it: `…` stands for anything within a line. */
  | { readonly kind: 'command'; readonly text: string; readonly shows: string; readonly line: number }

/** One list of steps for each block, in order. */
export function consoleSteps({ blocks }: ProjectDocument): Step[][] {
  return blocks.filter((it) => it.language === 'console').map(({ text, line }) => stepsOf(text, line + 1))
}

function stepsOf(text: string, first: number): Step[] {
  const steps: Step[] = []
  for (const [i, shown] of text.replace(/\n$/, '').split('\n').entries()) {
    const line = first + i
    const last = steps.at(-1)
    if (shown.startsWith('$ ')) steps.push({ kind: 'command', text: shown.slice(2), shows: '', line })
    else if (shown.startsWith('# ')) steps.push({ kind: 'event', text: shown.slice(2), line })
    else if (last?.kind === 'command') steps[steps.length - 1] = { ...last, shows: `${last.shows}${shown}\n` }
    else throw new Error(`line ${line}: nobody has said this: ${shown}`)
  }
  return steps
}

/** Whether what a command printed is what the document shows. */
export function isShown(printed: string, shows: string): boolean {
  const pattern = shows.split('…').map((it) => it.replaceAll(/[\\^$.*+?()[\]{}|]/g, '\\$&'))
  return new RegExp(`^${pattern.join('[^\\n]*')}$`).test(printed)
}
