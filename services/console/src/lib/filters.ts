/** The filter of the order list lives in the address, so that it can be sent to a colleague. */

export interface OrderFilter {
  /** A state of the table, or `open` for every state but closed. */
  state: string
  division: string
  q: string
  mine: boolean
  /** What waits for one of my posts, or for a decision of mine. */
  todo: boolean
  overdue: boolean
  stage_overdue: boolean
  suspended: boolean
  supervised: boolean
  /** Codes, separated by commas. */
  matter: string
  /** Categories of matters, separated by commas; only other pages set it. */
  category: string
  channel: string
  /** Days of intake, both included; in the address as 2026-11-22. */
  from: string
  to: string
  /** created | updated | due; empty means created. */
  sort: string
  cursor: string
}

export const SORTS = ['created', 'updated', 'due'] as const
export type Sort = (typeof SORTS)[number]

type Values = Record<string, unknown>

const text = (value: unknown): string => (typeof value === 'string' ? value : '')

const DAY = /^\d{4}-\d{2}-\d{2}$/
const dayOrNothing = (value: unknown): string => (DAY.test(text(value)) ? text(value) : '')

export const fromAddress = (query: Values): OrderFilter => ({
  state: text(query['state']),
  division: text(query['division']),
  q: text(query['q']),
  mine: query['mine'] === '1',
  todo: query['todo'] === '1',
  overdue: query['overdue'] === '1',
  stage_overdue: query['stage_overdue'] === '1',
  suspended: query['suspended'] === '1',
  supervised: query['supervised'] === '1',
  matter: text(query['matter']),
  category: text(query['category']),
  channel: text(query['channel']),
  from: dayOrNothing(query['from']),
  to: dayOrNothing(query['to']),
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
  if (filter.from !== '') asked['from'] = `${filter.from}T00:00:00+08:00`
  if (filter.to !== '') asked['to'] = `${filter.to}T23:59:59.999+08:00`
  return asked
}

const ORDERING: readonly (keyof OrderFilter)[] = ['sort', 'cursor']

/** Whether anything narrows the list; the order and the page do not. */
export const narrowed = (filter: OrderFilter): boolean =>
  Object.entries(filter).some(([name, value]) => !ORDERING.includes(name as keyof OrderFilter) && value !== '' && value !== false)

/** The same filter without page and opened order: what is saved, exported or sent on. */
export const whole = (filter: OrderFilter): OrderFilter => ({ ...filter, cursor: '' })
