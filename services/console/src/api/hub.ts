/** Every question this page asks the hub, by name. */
import { address, call, get, type Answer, type Query } from './client.ts'
import type {
  Attachments, Division, DivisionHit, Duplicate, Link, Matrix, Matter, Me, NewOrder, Order, OrderRow, Page, Parked, StateTitle, Summary, Unit,
} from './types.ts'

const MANAGEMENT = '/api/management/v1'
const MATTER = '/api/matter/v1'
const COLLABORATION = '/api/collaboration/v1'
const at = encodeURIComponent

export const me = (): Promise<Me> => get('/auth/me')
export const signOut = (): Promise<Answer<unknown>> => call('POST', '/auth/logout')
export const changePassword = (current: string, next: string): Promise<Answer<unknown>> =>
  call('POST', `${MANAGEMENT}/password`, { body: { current, new: next } })

export const division = (code: string): Promise<Division> => get(`${MANAGEMENT}/divisions/${at(code)}`)
export const findDivisions = (q: string): Promise<Page<DivisionHit>> => get(`${MANAGEMENT}/divisions`, { q })
export const units = (q: string): Promise<Page<Unit>> => get(`${MANAGEMENT}/units`, { q, limit: 100 })
export const matters = (on: string): Promise<Page<Matter>> => get(`${MATTER}/matters`, { on, limit: 200 })

export const orders = (query: Query, signal?: AbortSignal): Promise<Page<OrderRow>> =>
  get(`${COLLABORATION}/orders`, query, signal)
export const order = (id: string): Promise<Answer<Order>> => call('GET', `${COLLABORATION}/orders/${at(id)}`)
export const summary = (code: string): Promise<Summary> => get(`${COLLABORATION}/summary`, { division: code })

export const states = (): Promise<{ items: StateTitle[] }> => get(`${COLLABORATION}/states`)

export const register = (content: NewOrder, key: string): Promise<Answer<Order>> =>
  call('POST', `${COLLABORATION}/orders`, { body: content, headers: { 'Idempotency-Key': key } })

export const act = (
  id: string, action: string, fields: Record<string, string>, etag: string, key: string,
): Promise<Answer<Order>> =>
  call('POST', `${COLLABORATION}/orders/${at(id)}/actions/${at(action)}`, {
    body: fields,
    headers: { 'If-Match': etag, 'Idempotency-Key': key },
  })

export const duplicates = (query: Query, signal?: AbortSignal): Promise<{ items: Duplicate[] }> =>
  get(`${COLLABORATION}/orders/duplicates`, query, signal)
/** An address for the browser's own download: the same filter, the same rights. */
export const exportAddress = (form: 'csv' | 'xlsx', query: Query): string =>
  address(`${COLLABORATION}/orders/export.${form}`, query)
export const attachments = (order: string): Promise<Attachments> =>
  get('/api/attachments/v1', { service: 'collaboration', object_type: 'work_order', object_id: order })
export const attachmentAddress = (id: string): string => `/api/attachments/v1/${at(id)}`

export const parked = (): Promise<{ items: Parked[] }> => get('/api/exchange/v1/parked')
export const decideParked = (id: string, verb: 'retry' | 'skip', reason: string): Promise<Answer<unknown>> =>
  call('POST', `/api/exchange/v1/parked/${at(id)}/${verb}`, { body: { reason } })
export const links = (): Promise<{ items: Link[] }> => get('/api/exchange/v1/links')
export const matrix = (): Promise<Matrix> => get('/api/fleet/v1/matrix')
