/**
 * What the hub answers, as this page relies on it. One place, so that a changed contract shows up as a type error here
 * and in the development server, and nowhere as a surprise.
 */
export type Tier = 'province' | 'city' | 'county' | 'town' | 'village'

export interface Page<T> {
  items: T[]
  next: string | null
  total: number | null
  /** There are more than the hub counts to: "10,000+". */
  total_capped?: boolean
}

/** Who is signed in, where. 当前用户。 */
export interface Me {
  user: { id: string; login: string; name: string }
  must_change_password: boolean
  site: { id: string; code: string; name: string; name_en: string; tier: Tier; parent: string | null; demo: boolean }
  release: string
  fleet: boolean
  posts: { id: string; unit: { id: string; name: string }; division: string; role: string }[]
  /** The one post whose rights alone hold in this session. */
  acting_post?: string | null
  permissions: string[]
}

/** A division with the way down to it. 行政区划。 */
export interface Division {
  code: string
  name: string
  tier: Tier
  path: { code: string; name: string; tier: Tier }[]
  children: { code: string; name: string; tier: Tier; has_children: boolean }[]
}

export interface DivisionHit {
  code: string
  name: string
  tier: Tier
}

export interface Unit {
  id: string
  name: string
  division?: string | null
  kind?: string
}

/** A matter of the catalogue. 事项。 */
export interface Matter {
  code: string
  name: string
  category: string
  unit_hint?: string | null
  limit: { kind: string; amount: number; unit: string }
  effective_from: string
  effective_to: string | null
  source: string | null
  sample: boolean
}

/** A work order as a row of a list. 工单。 */
export interface OrderRow {
  id: string
  number: string
  title: string
  matter: { code: string; name: string }
  state: string
  state_zh: string
  state_en: string
  division: string
  division_name: string
  owner_site: string
  here: boolean
  unit: { id: string | null; name: string } | string | null
  due_at: string | null
  overdue: boolean
  created_at: string
  updated_at: string
  /** Made for a demonstration or an exercise; marked wherever it is shown. */
  generated?: boolean
  supervised?: string
  urged?: number
  round?: number
  bounces?: number
  arbitration?: string
  suspended_until?: string | null
  stage?: Stage | null
  merged_into?: string | null
  callback?: { result: string; attempts: number } | null
  extension?: { until: string; note: string } | null
}

/** The clock of the stage that an order is in; it counts working time and rests while the order is suspended. 环节时钟。 */
export interface Stage {
  name: string
  title_zh: string
  title_en: string
  started_at: string | null
  due_at: string | null
  overdue: boolean
  suspended_seconds: number
}

export interface StageDone extends Omit<Stage, 'overdue'> {
  n: number
  round: number
  stage: string
  ended_at: string
  on_time: boolean | null
}

/** A unit asked to help. 协办。 */
export interface Assist {
  id: string
  unit: { id: string; name: string }
  question: string
  state: 'asked' | 'answered' | 'withdrawn'
  answer: string | null
  asked_at: string
  answered_at: string | null
}

export interface Suspension {
  reason: string
  note: string
  from: string
  until: string
  ended_at: string | null
}

/** A possible duplicate, and why. 疑似重复。 */
export interface Duplicate extends OrderRow {
  score: number
  why: { text: number | string | null; distance_m: number | null; hours: number | null }
}

/** A file of an order; `here` is false while its bytes are still under way. 附件。 */
export interface Attachment {
  id: string
  name: string
  media_type: string
  size: number
  digest: string
  here: boolean
  created_at: string
  created_by: string
}

export interface Attachments {
  items: Attachment[]
  here: number
  total: number
  since: string | null
}

/** A state of the hub's transition table. 状态。 */
export interface StateTitle {
  state: string
  title_zh: string
  title_en: string
}

export interface TraceEntry {
  at: string
  site: string
  site_name: string
  actor: string | { name: string } | null
  action: string
  action_zh: string
  action_en: string
  from: string | null
  to: string | null
  note: string | null
  unit: string | { id: string; name: string } | null
}

export interface ActionChoice {
  value: string
  label_zh?: string
  label_en?: string
  label?: string
}

export interface ActionField {
  name: string
  type: 'text' | 'choice' | 'unit' | 'site' | 'moment' | 'order' | 'position'
  required: boolean
  label_zh: string
  label_en: string
  choices?: (ActionChoice | string)[] | null
}

/** What may be done with an order; a forbidden one says why. 操作。 */
export interface OrderAction {
  name: string
  title_zh: string
  title_en: string
  allowed: boolean
  why_not: string | null
  fields: ActionField[]
}

export interface Order extends OrderRow {
  description: string
  channel?: string | null
  reporter: { name: string | null; phone: string | null; masked?: boolean } | null
  address: string | null
  location: { lon: number; lat: number } | null
  version: number | string
  trace: TraceEntry[]
  actions: OrderAction[]
  original_due_at?: string | null
  total_seconds?: number
  stages?: StageDone[]
  suspensions?: Suspension[]
  assists?: Assist[]
  merged?: { id: string; number: string; title: string }[]
  disposal_location?: { lon: number; lat: number } | null
  evidence?: { photos: { required: number; present: number }; position: { required: boolean; present: boolean } }
}

export interface NewOrder {
  matter: string
  title: string
  description: string
  channel: string
  reporter: { name: string; phone: string }
  division: string
  address: string
  location: { lon: number; lat: number } | null
}

export interface Totals {
  open: number
  overdue: number
  closed: number
  today: number
}

/** Figures of a division and of what lies directly below it. 态势汇总。 */
export interface Summary {
  as_of: string
  division: { code: string; name: string }
  totals: Totals
  children: { code: string; name: string; open: number; overdue: number; closed: number }[]
}

export type LinkState = 'up' | 'down' | 'paused' | 'fenced'

/** One edge of the exchange. 上下级交换链路。 */
export interface Link {
  site: string
  name: string
  relation: string
  state: LinkState
  since: string | null
  queued: number
  oldest_queued_at: string | null
  parked: number
  sent: number
  received: number
  head_sent: string | null
  head_received: string | null
  last_error: string | null
  link?: 'leaf' | 'stick'
  attachments_awaited?: number
  attachments_missing_bytes?: number
  attachments_since?: string | null
}

/** An envelope that could not be applied and waits for somebody. 搁置的报文。 */
export interface Parked {
  id: string
  origin: string
  kind: string
  key: string
  reason: string
  cause: string
  next: string
  attempts: number
  received_at: string
}

export type FleetState =
  | 'same' | 'behind' | 'ahead' | 'drifted' | 'stale' | 'never_seen' | 'not_deployed' | 'not_ours'

export interface FleetSite {
  site: string
  name: string
  tier: Tier
  parent: string | null
  address: string | null
  state: FleetState
  release: string | null
  proven_at: string | null
  details: (string | Record<string, unknown>)[]
  generation: number | null
}

/** Who runs which release, proven when. 版本矩阵。 */
export interface Matrix {
  as_of: string
  release: string | null
  sites: FleetSite[]
}
