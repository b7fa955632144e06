/** How indicators, their values, periods and areas are written for people. */
import { shallowRef } from 'vue'
import type { RouteLocationRaw } from 'vue-router'
import * as hub from '../../api/hub.ts'
import type { DefinitionVersion, IndicatorValue } from '../../api/indicator.ts'
import type { Division } from '../../api/types.ts'
import type { Look } from '../../components/states.ts'
import { either, language, t, word } from '../../i18n/index.ts'
import { day } from '../../lib/format.ts'
import { useSiteName } from '../../lib/site-names.ts'
import { number, pageRows, unitIn } from '../../lib/topic.ts'
import { user } from '../../session.ts'

const LOOKS: Record<string, Look> = {
  draft: { icon: 'pencil', meaning: 'accent' },
  published: { icon: 'checked', meaning: 'normal' },
  retired: { icon: 'pause', meaning: 'unknown' },
  submitted: { icon: 'inbox', meaning: 'accent' },
  approved: { icon: 'checked', meaning: 'normal' },
  refused: { icon: 'undo', meaning: 'attention' },
}
export const lookOf = (state: string): Look => LOOKS[state] ?? { icon: 'question', meaning: 'unknown' }

export const nameOf = (one: { name: string; name_en: string }): string => either(one.name, one.name_en || one.name)
export const originOf = (one: Pick<DefinitionVersion, 'origin'>): string => (one.origin === 'local' ? t('indicator.local') : one.origin)

/** 1,234 件, 87.5 %; the reason where there is no value. */
export function written(value: number | null, unit: string, reason = ''): string {
  if (value === null) return reason === '' ? '—' : word('reason', reason)
  return `${number(value, language.value)} ${unit === '1' ? '' : unitIn(unit, language.value)}`.trim()
}

/** 2026-11, 2026, 2026 Q4, or the first day. */
export function periodOf(period: { kind: string; starts: string }): string {
  const [year = '', month = ''] = period.starts.split('-')
  if (period.kind === 'month') return `${year}-${month}`
  if (period.kind === 'year') return year
  return period.kind === 'quarter' ? `${year} Q${Math.ceil(Number(month) / 3)}` : period.starts
}

export const unfinished = (value: IndicatorValue): boolean => value.period.last >= day(new Date())

/** The list of orders behind a value: exactly its rows, or those registered in the same area and period. */
export function rowsOf(value: IndicatorValue): { to: RouteLocationRaw; exact: boolean } {
  const exact = value.links.rows === null ? null : pageRows(value.links.rows)
  const near = { division: value.division, from: value.period.starts, to: value.period.last }
  return { to: { path: '/orders', query: exact ?? near }, exact: exact !== null }
}

/** The site's division with those directly below, and a name for any code. */
export function useAreas(): { own: string; below: () => Division['children']; areaName: (code: string) => string } {
  const own = user().site.code
  const known = shallowRef<Division | null>(null)
  const siteName = useSiteName()
  hub.division(own).then((loaded) => { known.value = loaded }, () => { known.value = null }) // codes stand in for names
  const below = (): Division['children'] => known.value?.children ?? []
  const areaName = (code: string): string => {
    const lower = below().find((one) => one.code === code)
    return siteName(code, code === own && known.value !== null ? undefined : lower?.name)
  }
  return { own, below, areaName }
}
