/** Fetches the boundary pack once, when the first map asks; the page itself does not wait for it. */
import address from './boundaries-2023.json?url'
import { atlas, type Atlas, type BoundaryPack, type Named } from './geometry.ts'

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

/** Names of the province, cities and counties in both languages come with the outlines; towns keep their Chinese name. */
export async function divisionNames(): Promise<ReadonlyMap<string, Named>> {
  const { cities, counties } = await loadAtlas()
  const province: Named = { code: '440000', name: '广东省', name_en: 'Guangdong' }
  return new Map([province, ...counties, ...cities].map((one) => [one.code, one]))
}
