/** What the hub says about topics: figures with their way to rule, rows and action; alarms. */
import { call, get, type Answer } from './client.ts'
import type { Page } from './types.ts'

const SITUATION = '/api/situation/v1'
const at = encodeURIComponent

export interface TopicRow {
  code: string
  version: number
  title: string
  title_en: string
  summary: string
  summary_en: string
  rotation_seconds: number
  pages: number
  alarms: number
}

/** The filter of the list of orders, as the page's address holds it. */
export type Rows = Record<string, string>

export interface FigureAction {
  title: string
  title_en: string
  orders?: Rows
  register?: { division: string }
}

/** A number of a topic in a division. 专题数值。 */
export interface Figure {
  id: string
  kind: 'indicator' | 'orders'
  indicator: string | null
  title: string
  title_en: string
  urgent: boolean
  division: string
  unit: string
  version: number | null
  value: number | null
  numerator: number | null
  denominator: number | null
  reason: string
  data_time: string | null
  stale: boolean
  period: { kind: string; starts: string; last: string } | null
  definition: { formula: string; formula_en: string; source: string } | null
  links: { definition: string | null; values: string | null; rows: Rows | null; action: FigureAction | null }
  series: { starts: string; value: number | null }[]
  parts: { division: string; value: number | null; numerator: number | null; denominator: number | null; data_time: string }[]
}

/** A part of a page. 版块。 */
export interface Block {
  kind: 'figures' | 'map' | 'ranking' | 'trend' | 'shares' | 'orders' | 'alarms'
  place: 'left' | 'middle' | 'right'
  title: string
  title_en: string
  figures: string[]
  by: string
  sort: string
  rows?: Rows
  shares?: { name: string; value: number }[]
  data_time?: string
}

/** A figure that calls for somebody. 告警。 */
export interface Alarm {
  id: string
  topic: string
  code: string
  division: string
  level: 'attention' | 'urgent' | 'critical'
  title: string
  title_en: string
  figure: string
  threshold: number
  value: number
  raised_at: string
  acknowledged_at: string | null
  acknowledged_by: string | null
  note: string
}

export interface Named {
  code: string
  name: string
  tier: string
}

/** A topic with its figures in one division. 专题。 */
export interface Topic extends Omit<TopicRow, 'pages' | 'alarms'> {
  as_of: string
  layers: string[]
  division: Named & { path: Named[]; children: Named[] }
  figures: Figure[]
  pages: { title: string; title_en: string; blocks: Block[] }[]
  alarms: Alarm[]
}

/** What an indicator says of itself. 指标口径。 */
export interface Definition {
  code: string
  version: number
  name: string
  name_en: string
  formula: string
  caliber: string
  period: string
  unit: string
  owner: string
  source: string
}

export const topics = (): Promise<Page<TopicRow>> => get(`${SITUATION}/topics`, { limit: 200 })
export const topic = (code: string, division: string, signal?: AbortSignal): Promise<Topic> =>
  get(`${SITUATION}/topics/${at(code)}`, { division }, signal)
export const alarms = (division: string): Promise<Page<Alarm>> => get(`${SITUATION}/alarms`, { division, limit: 50 })
export const acknowledge = (id: string, note: string, key: string): Promise<Answer<Alarm>> =>
  call('POST', `${SITUATION}/alarms/${at(id)}/acknowledge`, { body: { note }, headers: { 'Idempotency-Key': key } })
export const definition = (path: string): Promise<Definition> => get(path)
/** The value as the indicator service shows it, with the way to its rows where a list can show them. */
export const value = (path: string): Promise<Page<{ links: { rows: string | null } }>> => get(path)
