/** How the fields of a matter are written for people. */
import type { EntryVersion, MatterVersion, NewEntry } from '../../api/catalogue.ts'
import type { Look } from '../../components/states.ts'
import { t, word } from '../../i18n/index.ts'
import type { EntryField, MatterField } from '../../lib/matter-diff.ts'

const limit = (amount: number, unit: string): string => `${amount} ${word('unit', unit)}`

export function say(version: MatterVersion, field: MatterField): string {
  switch (field) {
    case 'limit':
      return `${word('limitKind', version.limit.kind)} ${limit(version.limit.amount, version.limit.unit)}`
    case 'stages':
      return version.stages.map((one) => `${word('stage', one.name)} ${limit(one.amount, one.unit)}`).join('；') || t('matter.stagesDefault')
    case 'evidence': {
      const wanted = [...(version.evidence.photos > 0 ? [t('matter.photosN', { n: version.evidence.photos })] : []), ...(version.evidence.position ? [t('matter.position')] : [])]
      return wanted.join('、') || t('none')
    }
    case 'unit_hint':
      return version.unit_hint === '' ? '—' : word('unitKind', version.unit_hint)
    case 'effective_to':
      return version.effective_to ?? t('matter.openEnd')
    case 'sample':
      return version.sample ? t('matter.isSample') : t('matter.isSourced')
    default:
      return version[field] || '—'
  }
}

export function sayEntry(version: NewEntry, field: EntryField): string {
  if (field === 'effective_to') return version.effective_to ?? t('matter.openEnd')
  if (field === 'sample') return version.sample ? t('matter.isSample') : t('matter.isSourced')
  return version[field] || '—'
}

/** Whether a version holds on a day (2026-11-23); both end days belong to its period. */
export function standing(version: Pick<MatterVersion, 'effective_from' | 'effective_to'>, on: string): { look: Look; text: string } {
  if (version.effective_from > on) return { look: { icon: 'clock', meaning: 'accent' }, text: t('matter.notYet') }
  if (version.effective_to !== null && version.effective_to < on) return { look: { icon: 'pause', meaning: 'unknown' }, text: t('matter.over') }
  return { look: { icon: 'checked', meaning: 'normal' }, text: t('matter.holds') }
}

export const originOf = (version: MatterVersion | EntryVersion): string => (version.origin === 'local' ? t('matter.local') : version.origin)
