/** What the console asks management about units, people, rights, sessions and the trail; shapes beside the questions. */
import { address, call, get, type Answer, type Query } from './client.ts'
import type { Page } from './types.ts'

const BASE = '/api/management/v1'
const at = encodeURIComponent
const version = (unit: Unit): Record<string, string> => ({ 'If-Match': `"${unit.version}"` })

/** A unit of the organisation. 机构。 */
export interface Unit {
  id: string
  name: string
  division: string
  kind: string
  active: boolean
  parent: string | null
  sample: boolean
  code: string | null
  version: number
}

export interface UnitChild extends Unit {
  has_children: boolean
}

/** A unit with the way down to it and what lies directly below; `people` is null where they may not be counted. 机构详情。 */
export interface UnitWhole extends Unit {
  path: { id: string; name: string }[]
  children: UnitChild[]
  people: number | null
}

export interface UnitPast {
  valid_from: string
  valid_to: string | null
  name: string
  parent: { id: string; name: string } | null
  division: string
  active: boolean
  by: string
  reason: string
}

/** Somebody with an account. 人员。 */
export interface Person {
  id: string
  login: string
  name: string
  active: boolean
  sample: boolean
  unit: { id: string; name: string }
  locked_until: string | null
  must_change_password: boolean
  second_factor: 'on' | 'off'
}

export interface Post {
  id: string
  user: { id: string; name: string }
  unit: { id: string; name: string }
  role: { code: string; title_zh: string; title_en: string }
  expires_at: string | null
}

export interface Grant {
  id: string
  user: string
  role: string
  unit: string | null
  division: string | null
  expires_at: string | null
}

/** `sessions` is null for whoever may not end them. 人员详情。 */
export interface PersonWhole extends Person {
  posts: Post[]
  grants: Grant[]
  sessions: number | null
}

export interface Role {
  code: string
  title_zh: string
  title_en: string
  duty: string
  scope: 'unit' | 'division'
  permissions: string[]
  delegates: string[]
  custom: boolean
  active: boolean
  may_give: boolean
}

export interface Session {
  id: string
  created_at: string
  seen_at: string | null
  expires_at: string
  agent: string | null
  current: boolean
}

export interface SecondFactor {
  state: 'off' | 'begun' | 'on'
  required: boolean
  recovery_left: number
}

export interface AuditLine {
  n: number
  at: string
  actor: string
  action: string
  object_type: string
  object_id: string
  detail: string | Record<string, unknown>
  digest: string
}

export interface ImportFault {
  sheet: string
  cell: string
  row: number
  what_zh: string
  what_en: string
}

/** What an import would do, or did; with a fault it does nothing at all. 导入结果。 */
export interface ImportReport {
  mode: 'check' | 'apply'
  rows: number
  added: number
  changed: number
  same: number
  /** How many there are; the first of them are told. */
  faults: number
  errors: ImportFault[]
  passwords?: { login: string; password: string }[]
}

export type ImportKind = 'units' | 'users'
export type PersonChange = 'close' | 'open' | 'unlock' | 'reset-password'

// Units ----------------------------------------------------------------------------------------------------------------

export const rootUnit = (): Promise<UnitWhole> => get(`${BASE}/units/root`)
export const unit = (id: string, signal?: AbortSignal): Promise<UnitWhole> => get(`${BASE}/units/${at(id)}`, {}, signal)
export const unitHistory = (id: string): Promise<{ items: UnitPast[] }> => get(`${BASE}/units/${at(id)}/history`)
export const findUnits = (query: Query, signal?: AbortSignal): Promise<Page<Unit>> => get(`${BASE}/units`, query, signal)
export const addUnit = async (body: { name: string; kind: string; division: string; parent: string; code?: string }): Promise<Unit> =>
  (await call<Unit>('POST', `${BASE}/units`, { body })).value
export const changeUnit = async (was: Unit, change: { name?: string; code?: string; reason: string }): Promise<Unit> =>
  (await call<Unit>('PATCH', `${BASE}/units/${at(was.id)}`, { body: change, headers: version(was) })).value
export const moveUnit = async (was: Unit, parent: string, reason: string): Promise<Unit> =>
  (await call<Unit>('POST', `${BASE}/units/${at(was.id)}/move`, { body: { parent, reason }, headers: version(was) })).value
export const mergeUnit = async (was: Unit, into: string, reason: string): Promise<{ people: number; posts: number; units: number }> =>
  (await call<{ people: number; posts: number; units: number }>('POST', `${BASE}/units/${at(was.id)}/merge`, { body: { into, reason }, headers: version(was) })).value
export const closeUnit = (id: string, reason: string): Promise<Answer<unknown>> =>
  call('POST', `${BASE}/units/${at(id)}/close`, { body: { reason } })
export const openUnit = (id: string, reason: string): Promise<Answer<unknown>> =>
  call('POST', `${BASE}/units/${at(id)}/open`, { body: { reason } })

// People and rights ----------------------------------------------------------------------------------------------------

export const people = (query: Query, signal?: AbortSignal): Promise<Page<Person>> => get(`${BASE}/users`, query, signal)
export const person = (id: string): Promise<PersonWhole> => get(`${BASE}/users/${at(id)}`)
export const addPerson = async (body: { login: string; name: string; unit: string }): Promise<{ id: string; password: string }> =>
  (await call<{ id: string; password: string }>('POST', `${BASE}/users`, { body })).value
export const changePerson = async (id: string, change: PersonChange): Promise<{ password?: string }> =>
  (await call<{ password?: string }>('POST', `${BASE}/users/${at(id)}/${change}`)).value
export const resetSecondFactor = (id: string): Promise<Answer<unknown>> =>
  call('POST', `${BASE}/users/${at(id)}/reset-second-factor`)
export const peopleExport = (query: Query): string => address(`${BASE}/users/export.xlsx`, query)
export const unitsExport = (query: Query): string => address(`${BASE}/units/export.xlsx`, query)

export const roles = (): Promise<Page<Role>> => get(`${BASE}/roles`)
export const permissions = (): Promise<Page<{ code: string; may_give: boolean }>> => get(`${BASE}/permissions`)
export const makeRole = async (body: { code: string; title_zh: string; title_en: string; scope: string; home_unit: string; permissions: string[] }): Promise<Role> =>
  (await call<Role>('POST', `${BASE}/roles`, { body })).value
export const closeRole = (code: string): Promise<Answer<unknown>> => call('POST', `${BASE}/roles/${at(code)}/close`)
export const givePost = (body: { user: string; unit: string; role: string; expires_at?: string }): Promise<Answer<unknown>> =>
  call('POST', `${BASE}/posts`, { body })
export const takePost = (id: string): Promise<Answer<unknown>> => call('DELETE', `${BASE}/posts/${at(id)}`)
export const takeGrant = (id: string): Promise<Answer<unknown>> => call('DELETE', `${BASE}/grants/${at(id)}`)

/** Null acts in every post again. */
export const actIn = (post: string | null): Promise<Answer<unknown>> => call('PUT', `${BASE}/acting-post`, { body: { post } })

// Sessions and the second factor ---------------------------------------------------------------------------------------

const sessionsOf = (whose: string | null): string =>
  whose === null ? `${BASE}/account/sessions` : `${BASE}/users/${at(whose)}/sessions`

/** One's own sessions with `null`, somebody else's with their id. */
export const sessions = (whose: string | null): Promise<{ items: Session[] }> => get(sessionsOf(whose))
export const endSession = (whose: string | null, id: string): Promise<Answer<unknown>> =>
  call('DELETE', `${sessionsOf(whose)}/${at(id)}`)
export const endSessions = (whose: string | null): Promise<Answer<unknown>> => call('DELETE', sessionsOf(whose))

export const secondFactor = (): Promise<SecondFactor> => get(`${BASE}/account/second-factor`)
const factor = async <T>(step: string, body: Record<string, string>): Promise<T> =>
  (await call<T>('POST', `${BASE}/account/second-factor${step}`, { body })).value
export const beginFactor = (current: string): Promise<{ secret: string; uri: string }> => factor('', { current })
export const confirmFactor = (code: string): Promise<{ recovery_codes: string[] }> => factor('/confirm', { code })
export const renewRecovery = (code: string): Promise<{ recovery_codes: string[] }> => factor('/recovery-codes', { code })
export const removeFactor = (code: string): Promise<unknown> => factor('/remove', { code })

// Import and trail -----------------------------------------------------------------------------------------------------

export const templateAddress = (kind: ImportKind): string => `${BASE}/imports/${kind}/template.xlsx`
export const importAddress = (kind: ImportKind, mode: 'check' | 'apply'): string =>
  address(`${BASE}/imports/${kind}`, { mode })

export const trail = (query: Query, signal?: AbortSignal): Promise<Page<AuditLine>> => get(`${BASE}/audit`, query, signal)
export const trailActions = (): Promise<{ items: string[] }> => get(`${BASE}/audit/actions`)
export const trailExport = (): string => `${BASE}/audit/export.jsonl`
