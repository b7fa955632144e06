/** What can be done with many orders at once, and with how many of them: said before anything is done. */
import type { Order, OrderAction } from '../api/types.ts'

export interface Held { order: Order; etag: string }
export interface BulkChoice { action: OrderAction; able: Held[]; unable: Held[] }
export interface BulkOutcome { done: string[]; refused: { number: string; error: unknown }[] }

/** A field that means another thing for each order (which order, which place) makes an action one for single orders. */
const SINGLE: ReadonlySet<string> = new Set(['order', 'position', 'site'])

/** One entry an action, those that most of the chosen orders allow first. */
export function bulkChoices(held: readonly Held[]): BulkChoice[] {
  const names = new Map<string, OrderAction>()
  for (const { order } of held) {
    for (const action of order.actions) {
      if (action.allowed && !names.has(action.name) && !action.fields.some((field) => SINGLE.has(field.type))) names.set(action.name, action)
    }
  }
  const choices = [...names.values()].map((action) => {
    const may = (one: Held): boolean => one.order.actions.some((other) => other.name === action.name && other.allowed)
    return { action, able: held.filter(may), unable: held.filter((one) => !may(one)) }
  })
  return choices.sort((a, b) => b.able.length - a.able.length)
}

/** One after another: a refusal stops nothing and is told with its order's number. */
export async function doAll(
  held: readonly Held[], act: (one: Held) => Promise<unknown>, told: (finished: number) => void,
): Promise<BulkOutcome> {
  const outcome: BulkOutcome = { done: [], refused: [] }
  for (const one of held) {
    try {
      await act(one)
      outcome.done.push(one.order.number)
    } catch (error) {
      outcome.refused.push({ number: one.order.number, error })
    }
    told(outcome.done.length + outcome.refused.length)
  }
  return outcome
}
