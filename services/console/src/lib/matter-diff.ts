/** What differs between two versions of an entry of the catalogue, field by field, in words that a person compares. */
import type { EntryVersion, MatterVersion, NewEntry, NewMatterVersion } from '../api/catalogue.ts'

export type MatterField =
  | 'name' | 'name_en' | 'category' | 'unit_hint' | 'conditions' | 'limit' | 'stages' | 'evidence'
  | 'item' | 'filing' | 'disposal' | 'closing' | 'effective_from' | 'effective_to' | 'instead' | 'source' | 'sample'
export type EntryField = keyof NewEntry

export const MATTER_FIELDS: readonly MatterField[] = [
  'name', 'name_en', 'item', 'category', 'unit_hint', 'conditions', 'filing', 'disposal', 'closing', 'limit', 'stages', 'evidence', 'effective_from',
  'effective_to', 'instead', 'source', 'sample',
]

const COMMON = ['source', 'clause', 'sample', 'effective_from', 'effective_to', 'instead'] as const
export const ENTRY_FIELDS: Readonly<Record<'directory' | 'items', readonly EntryField[]>> = {
  directory: ['name', 'name_en', 'above', 'rule', ...COMMON],
  items: ['name', 'name_en', 'above', 'department', ...COMMON],
}

export interface Difference {
  field: string
  before: string
  after: string
}

/** `say` writes one field of a version as a person reads it; two fields that read alike are alike. */
export function differing<V, F extends string>(fields: readonly F[], before: V, after: V, say: (version: V, field: F) => string): Difference[] {
  return fields.map((field) => ({ field, before: say(before, field), after: say(after, field) })).filter((one) => one.before !== one.after)
}

export const differences = (
  before: MatterVersion, after: MatterVersion, say: (version: MatterVersion, field: MatterField) => string,
): Difference[] => differing(MATTER_FIELDS, before, after, say)

/** A version as the form starts from it. */
export function draftOf(version: MatterVersion, from: string): NewMatterVersion {
  return {
    name: version.name, name_en: version.name_en, category: version.category, unit_hint: version.unit_hint,
    conditions: version.conditions, limit_kind: version.limit.kind, limit_amount: version.limit.amount,
    limit_unit: version.limit.unit, effective_from: from, effective_to: version.effective_to, source: version.source,
    sample: version.sample, stages: version.stages.map((stage) => ({ ...stage })), evidence: { ...version.evidence },
    item: version.item, instead: version.instead, division: version.division, unit: version.unit, filing: version.filing, disposal: version.disposal,
    closing: version.closing, form: version.form ? JSON.stringify(version.form) : '',
  }
}

/** A matter that nobody has written yet, as the form starts from it. */
export const blankMatter = (item: string, from: string): NewMatterVersion => ({
  name: '', name_en: '', category: '', unit_hint: '', conditions: '', limit_kind: 'promised', limit_amount: 5, limit_unit: 'working_day', effective_from: from,
  effective_to: null, source: '', sample: false, stages: [], evidence: { photos: 0, position: false }, item, instead: '', division: '', unit: '', filing: '',
  disposal: '', closing: '', form: '',
})

/** A draft read as a version, to be compared before it is sent. */
export function asVersion(draft: NewMatterVersion, like: MatterVersion): MatterVersion {
  const { limit_kind, limit_amount, limit_unit, form, ...rest } = draft
  return { ...like, ...rest, form: form ? JSON.parse(form) : null, limit: { kind: limit_kind, amount: limit_amount, unit: limit_unit } }
}

/** An entry of the upper lists as the form starts from it; without one, an empty entry. */
export function entryDraftOf(version: EntryVersion | null, from: string): NewEntry {
  if (version === null) {
    return {
      name: '', name_en: '', above: '', rule: '', department: '', source: '', clause: '', sample: false, effective_from: from, effective_to: null, instead: '',
    }
  }
  const { name, name_en, above, rule, department, source, clause, sample, effective_to, instead } = version
  return { name, name_en, above, rule, department, source, clause, sample, effective_from: from, effective_to, instead }
}
