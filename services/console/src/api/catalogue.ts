/** What the console asks the catalogue of matters; an entry is never changed, only followed by another version. */
import { call, get, type Query } from './client.ts'
import type { Page } from './types.ts'

const BASE = '/api/matter/v1/matters'
const at = encodeURIComponent

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
  /** `draft` → `in_review` → `published` or `refused`; another person than the writer decides. */
  state: string
  created_by: string
  reviewed_by: string
  note: string
}

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
}

export const matterList = (query: Query, signal?: AbortSignal): Promise<Page<MatterVersion>> => get(BASE, query, signal)
export const matter = (code: string): Promise<MatterWhole> => get(`${BASE}/${at(code)}`)
export const addMatterVersion = async (code: string, body: NewMatterVersion): Promise<MatterVersion> =>
  (await call<MatterVersion>('POST', `${BASE}/${at(code)}/versions`, { body })).value
const versionAt = (code: string, version: number, verb: string): string => `${BASE}/${at(code)}/versions/${version}/${verb}`
export const submitMatterVersion = (code: string, version: number): Promise<unknown> =>
  call('POST', versionAt(code, version, 'submit'), { body: {} })
export const reviewMatterVersion = (code: string, version: number, publish: boolean, note: string): Promise<unknown> =>
  call('POST', versionAt(code, version, 'review'), { body: { publish, note } })
