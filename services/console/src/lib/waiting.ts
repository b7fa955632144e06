/**
 * Actions that wait for the connection. Each keeps the key and the version it was made with, so that the hub does it once
 * however often it is sent, and refuses it when somebody else changed the order meanwhile.
 */
import type { Store } from './draft.ts'

export interface WaitingAction {
  order: string
  number: string
  title: string
  action: string
  fields: Record<string, string>
  etag: string
  key: string
  since: string
  /** Why the hub said no; such an entry stays until a person decides. */
  refused: string | null
}

export const waitingName = (site: string, user: string): string => `yiwang.waiting.${site}.${user}`

export function loadWaiting(store: Store, name: string): WaitingAction[] {
  try {
    const kept: unknown = JSON.parse(store.getItem(name) ?? '[]')
    return Array.isArray(kept) ? (kept as WaitingAction[]).filter((one) => typeof one?.key === 'string' && typeof one.order === 'string') : []
  } catch {
    return []
  }
}

export function keepWaiting(store: Store, name: string, all: readonly WaitingAction[]): boolean {
  try {
    store.setItem(name, JSON.stringify(all))
    return true
  } catch {
    return false
  }
}

export type Sent = 'done' | 'lost' | { refused: string }

/** Sends the oldest first. A lost connection keeps the rest; a refusal keeps its entry with the reason and goes on. */
export async function sendWaiting(
  all: readonly WaitingAction[], send: (one: WaitingAction) => Promise<Sent>, keep: (left: WaitingAction[]) => void,
): Promise<WaitingAction[]> {
  let left = [...all]
  for (const one of all.filter((entry) => entry.refused === null)) {
    const answer = await send(one)
    if (answer === 'lost') break
    left = answer === 'done'
      ? left.filter((entry) => entry.key !== one.key)
      : left.map((entry) => (entry.key === one.key ? { ...entry, refused: answer.refused } : entry))
    keep(left)
  }
  return left
}
