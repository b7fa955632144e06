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

/** The actions that carry an order onward; what sends it back or aside stands after them and is never the first button. */
const ONWARD: ReadonlySet<string> = new Set(['accept', 'dispatch', 'sign', 'dispose', 'hand_back', 'verify', 'close'])

export const onward = (action: { name: string }): boolean => ONWARD.has(action.name)

export const orderLook = (order: Pick<OrderRow, 'state'>): Look =>
  ORDER_LOOKS[order.state] ?? { icon: 'question', meaning: 'unknown' }
