/** Fetches the boundary pack once, when the first map asks; the page itself does not wait for it. */
import address from './boundaries-2023.json?url'
import { atlas, type Atlas, type BoundaryPack } from './geometry.ts'

let pending: Promise<Atlas> | null = null

export function loadAtlas(): Promise<Atlas> {
  pending ??= fetch(address)
    .then((answer) => {
      if (!answer.ok) throw new Error(`HTTP ${answer.status}`)
      return answer.json() as Promise<BoundaryPack>
    })
    .then(atlas)
    .catch((error: unknown) => {
      pending = null
      throw error
    })
  return pending
}

/** English names of cities and counties come with the outlines; other divisions keep their Chinese name. */
export async function englishNames(): Promise<ReadonlyMap<string, string>> {
  const { cities, counties } = await loadAtlas()
  return new Map([['440000', 'Guangdong'], ...[...cities, ...counties].map((one): [string, string] => [one.code, one.name_en])])
}
