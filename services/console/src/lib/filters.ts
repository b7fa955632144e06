/** The filter of the order list lives in the address, so that it can be sent to a colleague. */

export interface OrderFilter {
  /** A state of the table, or `open` for every state but closed. */
  state: string
  division: string
  q: string
  mine: boolean
  overdue: boolean
  /** created | updated | due; empty means created. */
  sort: string
  cursor: string
}

export const SORTS = ['created', 'updated', 'due'] as const
export type Sort = (typeof SORTS)[number]

type Values = Record<string, unknown>

const text = (value: unknown): string => (typeof value === 'string' ? value : '')

export const fromAddress = (query: Values): OrderFilter => ({
  state: text(query['state']),
  division: text(query['division']),
  q: text(query['q']),
  mine: query['mine'] === '1',
  overdue: query['overdue'] === '1',
  sort: SORTS.includes(text(query['sort']) as Sort) ? text(query['sort']) : '',
  cursor: text(query['cursor']),
})

/** Leaves out what is empty: two addresses of the same list are the same text. */
export function toAddress(filter: OrderFilter): Record<string, string> {
  const kept = Object.entries(filter).filter(([, value]) => value !== '' && value !== false)
  return Object.fromEntries(kept.map(([name, value]) => [name, value === true ? '1' : String(value)]))
}

/** Another filter means the first page again. */
export const changed = (filter: OrderFilter, part: Partial<OrderFilter>): OrderFilter => ({
  ...filter, cursor: '', ...part,
})

const CLOSED = 'closed'

/** What the hub is asked: it knows single states and lists of them, this page also knows "open". */
export function toQuestion(filter: OrderFilter, states: readonly string[]): Record<string, string> {
  const asked = toAddress(filter)
  if (filter.state === 'open') asked['state'] = states.filter((state) => state !== CLOSED).join(',')
  return asked
}

/** Whether anything narrows the list; the order and the page do not. */
export const narrowed = (filter: OrderFilter): boolean =>
  filter.state !== '' || filter.division !== '' || filter.q !== '' || filter.mine || filter.overdue
