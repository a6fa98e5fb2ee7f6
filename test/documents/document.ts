/** A document of the project as tests need it: what stands in backticks, in links and in blocks of code. */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

export const root = fileURLToPath(new URL('../../../', import.meta.url))

interface Block {
  /** What stands behind the three backticks. */
  readonly language: string
  readonly text: string
  /** In the document, from 1. */
  readonly line: number
}

export interface ProjectDocument {
  readonly name: string
  /** As it is. */
  readonly text: string
  /** What stands in backticks within a line, in order. */
  readonly spans: readonly string[]
  /** Targets of links. */
  readonly links: readonly string[]
  readonly blocks: readonly Block[]
}

/** @param name below the project's root */
export function readDocument(name: string): ProjectDocument {
  return parseDocument(name, readFileSync(`${root}${name}`, 'utf8'))
}

function parseDocument(name: string, text: string): ProjectDocument {
  const blocks: Block[] = []
  const prose = text.replace(/^```(\S*)\n(.*?)^```$/gms, (_, language: string, code: string, at: number) => {
    blocks.push({ language, text: code, line: text.slice(0, at).split('\n').length })
    return ''
  })
  const spans = [...prose.matchAll(/(`+)(.+?)\1/gs)].map((it) => (it[2] ?? '').replaceAll('\n', ' ').trim())
  const links = [...prose.matchAll(/\]\(([^)\s]+)\)/g)].map((it) => it[1] ?? '')
  return { name, text, spans, links, blocks }
}

/** What a heading's link is: as GitHub makes it. */
export function anchorsOf({ text }: ProjectDocument): string[] {
  const headings = [...text.matchAll(/^#+ (.+)$/gm)].map((it) => it[1] ?? '')
  return headings.map((it) =>
    it
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  )
}

/** The part of a document below one heading of the second level. */
export function sectionOf({ name, text }: ProjectDocument, heading: string): ProjectDocument {
  const section = text.split(/^## /m).find((it) => it.startsWith(`${heading}\n`))
  return parseDocument(name, section ?? '')
}
