/** Lays a trace out as one story over the sites it passed: a lane for each site, ordered from above to below. */
import type { TraceEntry } from '../api/types.ts'

export interface Lane {
  site: string
  name: string
}

export interface Beat {
  entry: TraceEntry
  lane: number
  /** The story changes its site here. */
  crossing: boolean
}

export interface Story {
  lanes: Lane[]
  beats: Beat[]
}

/** Province before city before county: the more zeros a division code ends in, the higher the site. */
const height = (site: string): number => /0*$/.exec(site.split('-')[0] ?? '')?.[0].length ?? 0

export function story(trace: readonly TraceEntry[]): Story {
  const names = new Map(trace.map((entry) => [entry.site, entry.site_name]))
  const lanes = [...names].map(([site, name]) => ({ site, name }))
  lanes.sort((a, b) => height(b.site) - height(a.site) || a.site.localeCompare(b.site))
  const beats = trace.map((entry, index) => ({
    entry,
    lane: lanes.findIndex((lane) => lane.site === entry.site),
    crossing: index > 0 && trace[index - 1]?.site !== entry.site,
  }))
  return { lanes, beats }
}
