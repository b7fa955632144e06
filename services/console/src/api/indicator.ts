/** What the console asks about indicators: rules and their versions, values, what units submit, what sites below report. */
import { call, get, type Query } from './client.ts'
import type { Page } from './types.ts'

const BASE = '/api/indicator/v1'
const at = encodeURIComponent
const keyed = (key: string): Record<string, string> => ({ 'Idempotency-Key': key })

/** What somebody writes of an indicator. 指标定义内容。 */
export interface DefinitionText {
  name: string
  name_en: string
  formula: string
  caliber: string
  period: string
  unit: string
  owner: string
  source: string
}

/** One version of a definition; it never changes once it is published. 指标版本。 */
export interface DefinitionVersion extends DefinitionText {
  code: string
  version: number
  state: 'draft' | 'published' | 'retired'
  /** `local`, or the pack of the release that brought it. */
  origin: string
  created_by: string
  created_at: string
  published_at: string | null
  retired_at: string | null
}

export interface DefinitionWhole extends DefinitionVersion {
  versions: DefinitionVersion[]
  lineage: { feeds_on: string[]; feeds: string[] }
}

interface Numbers {
  value: number | null
  numerator: number | null
  denominator: number | null
}

/** A value of a division and period. 指标值。 */
export interface IndicatorValue extends Numbers {
  id: string
  code: string
  version: number
  name: string
  name_en: string
  unit: string
  division: string
  period: { kind: string; starts: string; last: string }
  reason: string
  data_time: string
  computed_at: string
  links: { definition: string; rows: string | null }
}

interface Starts { kind: string; starts: string }

/** What a division has still to submit. 待填报。 */
export interface Owed {
  code: string
  name: string
  division: string
  due: string
  period: Starts
  late: boolean
}

/** A revision that somebody submitted. 填报。 */
export interface Submission extends Numbers {
  id: string
  code: string
  division: string
  revision: number
  state: 'submitted' | 'approved' | 'refused'
  period: Starts
  note: string
  due: string
  late: boolean
  submitted_by: string
  submitted_at: string
  decided_by: string
  decided_at: string | null
  reason: string
}

export interface NewSubmission extends Numbers {
  code: string
  division: string
  starts: string
  note: string
}

/** What a site below says of its own division, beside what is known here. 下级上报值。 */
export interface Reported extends Numbers {
  site: string
  code: string
  division: string
  period: Starts
  unit: string
  reason: string
  own: number | null
  same_rule: boolean
  difference: number | null
  data_time: string
  arrived_at: string
}

export const definitions = (query: Query, signal?: AbortSignal): Promise<Page<DefinitionVersion>> =>
  get(`${BASE}/definitions`, query, signal)
export const definition = (code: string, signal?: AbortSignal): Promise<DefinitionWhole> =>
  get(`${BASE}/definitions/${at(code)}`, {}, signal)
export const values = (query: Query, signal?: AbortSignal): Promise<Page<IndicatorValue>> => get(`${BASE}/values`, query, signal)
export const addDraft = async (code: string, body: DefinitionText, key: string): Promise<DefinitionVersion> =>
  (await call<DefinitionVersion>('POST', `${BASE}/definitions/${at(code)}/versions`, { body, headers: keyed(key) })).value
export const decideVersion = async (code: string, version: number, verb: 'publish' | 'retire'): Promise<DefinitionVersion> =>
  (await call<DefinitionVersion>('POST', `${BASE}/definitions/${at(code)}/versions/${version}/${verb}`)).value

export const owed = (): Promise<{ items: Owed[] }> => get(`${BASE}/owed`)
export const submissions = (query: Query, signal?: AbortSignal): Promise<Page<Submission>> => get(`${BASE}/submissions`, query, signal)
export const submit = async (body: NewSubmission, key: string): Promise<Submission> =>
  (await call<Submission>('POST', `${BASE}/submissions`, { body, headers: keyed(key) })).value
export const decide = async (id: string, approve: boolean, reason: string): Promise<Submission> =>
  (await call<Submission>('POST', `${BASE}/submissions/${at(id)}/decision`, { body: { approve, reason } })).value
export const reported = (query: Query, signal?: AbortSignal): Promise<Page<Reported>> => get(`${BASE}/reported`, query, signal)
