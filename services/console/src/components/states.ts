/** How each state looks: an icon, a meaning of colour, and always its word beside. */
import type { FleetState, LinkState, OrderRow } from '../api/types.ts'
import type { IconName } from './icons.ts'

export type Meaning = 'normal' | 'attention' | 'late' | 'broken' | 'unknown' | 'accent'

export interface Look {
  icon: IconName
  meaning: Meaning
}

export const FLEET_LOOKS: Record<FleetState, Look> = {
  same: { icon: 'checked', meaning: 'normal' },
  behind: { icon: 'down', meaning: 'attention' },
  ahead: { icon: 'up', meaning: 'attention' },
  drifted: { icon: 'differs', meaning: 'late' },
  stale: { icon: 'clock', meaning: 'attention' },
  never_seen: { icon: 'question', meaning: 'unknown' },
  not_deployed: { icon: 'dash', meaning: 'unknown' },
  not_ours: { icon: 'outside', meaning: 'unknown' },
}

export const LINK_LOOKS: Record<LinkState, Look> = {
  up: { icon: 'checked', meaning: 'normal' },
  down: { icon: 'late', meaning: 'late' },
  paused: { icon: 'pause', meaning: 'unknown' },
  fenced: { icon: 'lock', meaning: 'broken' },
}

const ORDER_LOOKS: Record<string, Look> = {
  registered: { icon: 'inbox', meaning: 'accent' },
  accepted: { icon: 'check', meaning: 'accent' },
  dispatched: { icon: 'send', meaning: 'accent' },
  disposing: { icon: 'pencil', meaning: 'accent' },
  disposed: { icon: 'check', meaning: 'accent' },
  verified: { icon: 'checked', meaning: 'normal' },
  closed: { icon: 'checked', meaning: 'normal' },
  returned: { icon: 'undo', meaning: 'attention' },
  handed_over: { icon: 'right', meaning: 'unknown' },
}

export const orderLook = (order: Pick<OrderRow, 'state'>): Look =>
  ORDER_LOOKS[order.state] ?? { icon: 'question', meaning: 'unknown' }

/** The filter's choices, in the order an order passes them. */
export const ORDER_STATES: readonly { code: string; zh: string; en: string }[] = [
  { code: 'registered', zh: '登记', en: 'Registered' },
  { code: 'accepted', zh: '受理', en: 'Accepted' },
  { code: 'dispatched', zh: '分拨', en: 'Dispatched' },
  { code: 'disposing', zh: '处置中', en: 'Being disposed' },
  { code: 'disposed', zh: '已处置', en: 'Disposed' },
  { code: 'verified', zh: '已核查', en: 'Verified' },
  { code: 'returned', zh: '退回', en: 'Returned' },
  { code: 'handed_over', zh: '移交中', en: 'Handed over' },
  { code: 'closed', zh: '结案', en: 'Closed' },
]
