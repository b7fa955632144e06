/** The filter of the order list lives in the address, so that it can be sent to a colleague. */

export interface OrderFilter {
  state: string
  division: string
  q: string
  mine: boolean
  cursor: string
}

type Values = Record<string, unknown>

const text = (value: unknown): string => (typeof value === 'string' ? value : '')

export const fromAddress = (query: Values): OrderFilter => ({
  state: text(query['state']),
  division: text(query['division']),
  q: text(query['q']),
  mine: query['mine'] === '1',
  cursor: text(query['cursor']),
})

/** Leaves out what is empty: two addresses of the same list are the same text. */
export function toAddress(filter: OrderFilter): Record<string, string> {
  const { mine, ...texts } = filter
  const entries = Object.entries(texts).filter(([, value]) => value !== '')
  return Object.fromEntries(mine ? [...entries, ['mine', '1']] : entries)
}

/** Another filter means the first page again. */
export const changed = (filter: OrderFilter, part: Partial<OrderFilter>): OrderFilter => ({
  ...filter, cursor: '', ...part,
})
