/** What the console asks the catalogue of matters; an entry is never changed, only followed by another version. */
import { address, call, get, type Query } from './client.ts'
import type { Page } from './types.ts'

const ROOT = '/api/matter/v1'
const BASE = `${ROOT}/matters`
const at = encodeURIComponent

/** The three lists, each an entry below the one before. */
export type ListName = 'directory' | 'items' | 'matters'
export type UpperList = Exclude<ListName, 'matters'>

export interface StageLimit {
  name: string
  amount: number
  unit: string
}

/** One version of a matter, as somebody wrote it. 事项版本。 */
export interface MatterVersion {
  code: string
  name: string
  name_en: string
  category: string
  unit_hint: string
  conditions: string
  limit: { kind: string; amount: number; unit: string }
  effective_from: string
  effective_to: string | null
  source: string
  sample: boolean
  version: number
  /** `local`, or the pack of the release that brought it. */
  origin: string
  stages: StageLimit[]
  evidence: { photos: number; position: boolean }
  current?: boolean
  /** The schema of what the form asks beyond the common fields. */
  form: unknown
  instead: string
  /** The item of the list that this implements. */
  item: string
  division: string
  unit: string
  filing: string
  disposal: string
  closing: string
  /** `draft` → `in_review` → `published` or `refused`; another person than the writer decides. */
  state: string
  created_by: string
  reviewed_by: string
  note: string
}

/** What every version of every list says of how far it has come. */
export type Reviewed = Pick<MatterVersion, 'code' | 'name' | 'version' | 'state' | 'created_by' | 'reviewed_by' | 'note'>

export interface MatterWhole extends MatterVersion {
  versions: MatterVersion[]
}

export interface NewMatterVersion {
  name: string
  name_en: string
  category: string
  unit_hint: string
  conditions: string
  limit_kind: string
  limit_amount: number
  limit_unit: string
  effective_from: string
  effective_to: string | null
  source: string
  sample: boolean
  stages: StageLimit[]
  evidence: { photos: number; position: boolean }
  form: string
  instead: string
  item: string
  division: string
  unit: string
  filing: string
  disposal: string
  closing: string
}

/** What a version of the basic directory or of the item list says. 目录内容。 */
export interface NewEntry {
  name: string
  name_en: string
  above: string
  rule: string
  department: string
  source: string
  clause: string
  sample: boolean
  effective_from: string
  effective_to: string | null
  instead: string
}

/** One version of an entry of the two upper lists. 目录版本。 */
export interface EntryVersion extends NewEntry, Reviewed {
  current: boolean
  origin: string
  created_at: string
}

export interface EntryWhole extends EntryVersion {
  versions: EntryVersion[]
}

/** One thing that does not fit together in the three lists. 目录问题。 */
export interface Finding {
  kind: string
  title_zh: string
  title_en: string
  list: ListName
  code: string
  name: string
  others: string[]
}

export const matterList = (query: Query, signal?: AbortSignal): Promise<Page<MatterVersion>> => get(BASE, query, signal)
export const matter = (code: string): Promise<MatterWhole> => get(`${BASE}/${at(code)}`)
export const addMatterVersion = async (code: string, body: NewMatterVersion): Promise<MatterVersion> =>
  (await call<MatterVersion>('POST', `${BASE}/${at(code)}/versions`, { body })).value
export const entryList = (list: UpperList, query: Query, signal?: AbortSignal): Promise<Page<EntryVersion>> => get(`${ROOT}/${list}`, query, signal)
export const entry = (list: UpperList, code: string): Promise<EntryWhole> => get(`${ROOT}/${list}/${at(code)}`)
export const addEntryVersion = async (list: UpperList, code: string, body: NewEntry, key: string): Promise<EntryVersion> =>
  (await call<EntryVersion>('POST', `${ROOT}/${list}/${at(code)}/versions`, { body, headers: { 'Idempotency-Key': key } })).value
export const catalogueFindings = (): Promise<{ items: Finding[]; total: number }> => get(`${ROOT}/findings`)
export const listExport = (list: ListName, format: 'xlsx' | 'csv'): string => address(`${ROOT}/export/${list}`, { format })

const versionAt = (list: ListName, one: Reviewed, verb: string): string => `${ROOT}/${list}/${at(one.code)}/versions/${one.version}/${verb}`
export const submitVersion = (list: ListName, one: Reviewed): Promise<unknown> => call('POST', versionAt(list, one, 'submit'), { body: {} })
export const reviewVersion = (list: ListName, one: Reviewed, publish: boolean, note: string): Promise<unknown> =>
  call('POST', versionAt(list, one, 'review'), { body: { publish, note } })
