/** The states of an order, as the hub's transition table names them; asked once. */
import * as hub from '../api/hub.ts'
import type { StateTitle } from '../api/types.ts'

let pending: Promise<StateTitle[]> | null = null

export function orderStates(): Promise<StateTitle[]> {
  pending ??= hub.states().then((answer) => answer.items).catch((error: unknown) => {
    pending = null
    throw error
  })
  return pending
}
