/** Filters that somebody named, kept on this machine. The address still carries the filter itself. */
import type { Store } from './draft.ts'

export interface SavedFilter { name: string; query: Record<string, string> }

const MOST = 20
export const savedName = (site: string, user: string): string => `yiwang.filters.${site}.${user}`

/** Anything unreadable is no list: a page never fails over a convenience. */
export function loadSaved(store: Store, name: string): SavedFilter[] {
  try {
    const kept: unknown = JSON.parse(store.getItem(name) ?? '[]')
    return Array.isArray(kept) ? (kept as SavedFilter[]).filter((one) => typeof one?.name === 'string' && typeof one.query === 'object') : []
  } catch {
    return []
  }
}

/** A name is used once: the newer filter takes its place. */
export const withSaved = (all: readonly SavedFilter[], one: SavedFilter): SavedFilter[] =>
  [one, ...all.filter((other) => other.name !== one.name)].slice(0, MOST)

export const sameQuery = (a: Record<string, string>, b: Record<string, string>): boolean =>
  JSON.stringify(Object.entries(a).sort()) === JSON.stringify(Object.entries(b).sort())

export function keepSaved(store: Store, name: string, all: readonly SavedFilter[]): boolean {
  try {
    store.setItem(name, JSON.stringify(all))
    return true
  } catch {
    return false
  }
}
