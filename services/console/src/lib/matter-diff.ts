/** What differs between two versions of a matter, field by field, in words that a person compares. */
import type { MatterVersion, NewMatterVersion } from '../api/catalogue.ts'

export type MatterField =
  | 'name' | 'name_en' | 'category' | 'unit_hint' | 'conditions' | 'limit' | 'stages' | 'evidence'
  | 'effective_from' | 'effective_to' | 'source' | 'sample'

export const MATTER_FIELDS: readonly MatterField[] = [
  'name', 'name_en', 'category', 'unit_hint', 'conditions', 'limit', 'stages', 'evidence', 'effective_from', 'effective_to', 'source', 'sample',
]

export interface Difference {
  field: MatterField
  before: string
  after: string
}

/** `say` writes one field of a version as a person reads it; two fields that read alike are alike. */
export function differences(
  before: MatterVersion, after: MatterVersion, say: (version: MatterVersion, field: MatterField) => string,
): Difference[] {
  return MATTER_FIELDS
    .map((field) => ({ field, before: say(before, field), after: say(after, field) }))
    .filter((one) => one.before !== one.after)
}

/** A version as the form starts from it. */
export function draftOf(version: MatterVersion, from: string): NewMatterVersion {
  return {
    name: version.name, name_en: version.name_en, category: version.category, unit_hint: version.unit_hint,
    conditions: version.conditions, limit_kind: version.limit.kind, limit_amount: version.limit.amount,
    limit_unit: version.limit.unit, effective_from: from, effective_to: version.effective_to, source: version.source,
    sample: version.sample, stages: version.stages.map((stage) => ({ ...stage })), evidence: { ...version.evidence },
  }
}

/** A draft read as a version, to be compared before it is sent. */
export function asVersion(draft: NewMatterVersion, like: MatterVersion): MatterVersion {
  const { limit_kind, limit_amount, limit_unit, ...rest } = draft
  return { ...like, ...rest, limit: { kind: limit_kind, amount: limit_amount, unit: limit_unit } }
}
