/** Sorts the version matrix for reading: by city, the worst first in the count, "not deployed" never counted as good. */
import type { FleetSite, FleetState, Tier } from '../api/types.ts'

export const FLEET_STATES: readonly FleetState[] = [
  'same', 'behind', 'ahead', 'drifted', 'stale', 'never_seen', 'not_deployed', 'not_ours',
]

export interface FleetGroup {
  head: FleetSite
  members: FleetSite[]
}

export function counts(sites: readonly FleetSite[]): Map<FleetState, number> {
  const found = new Map<FleetState, number>(FLEET_STATES.map((state) => [state, 0]))
  for (const site of sites) found.set(site.state, (found.get(site.state) ?? 0) + 1)
  return found
}

const GROUP_HEADS: ReadonlySet<Tier> = new Set<Tier>(['province', 'city'])

/** One row a city with what hangs under it; the province is a row without members. */
export function groups(sites: readonly FleetSite[]): FleetGroup[] {
  const byCode = (a: FleetSite, b: FleetSite): number => a.site.localeCompare(b.site)
  const heads = sites.filter((site) => GROUP_HEADS.has(site.tier)).sort(byCode)
  const known = new Set(heads.map((head) => head.site))
  const rows = heads.map((head) => ({
    head,
    members: sites.filter((site) => site.parent === head.site && !known.has(site.site)).sort(byCode),
  }))
  // A site that may be seen without its parent (a county's own view) still has its row.
  const shown = new Set(rows.flatMap((row) => [row.head.site, ...row.members.map((member) => member.site)]))
  const alone = sites.filter((site) => !shown.has(site.site)).sort(byCode)
  return [...rows, ...alone.map((head) => ({ head, members: [] }))]
}

/** A detail may be a sentence or an object that names the artefact; both end as a sentence. */
export function detailText(detail: string | Record<string, unknown>): string {
  if (typeof detail === 'string') return detail
  return Object.entries(detail).map(([name, value]) => `${name}: ${String(value)}`).join(' · ')
}
