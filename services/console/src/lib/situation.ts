/** The situation of one division: its figures, its path, what lies below, in the reader's language. */
import { computed, ref, shallowRef, watchEffect, type ComputedRef, type Ref } from 'vue'
import * as hub from '../api/hub.ts'
import type { Division, Summary, Tier } from '../api/types.ts'
import { either, t } from '../i18n/index.ts'
import type { Named } from '../map/geometry.ts'
import { divisionNames } from '../map/load.ts'
import { can, RIGHTS } from '../session.ts'
import { useEvery, useLoading, type Loading } from './loading.ts'

export type Metric = 'open' | 'overdue' | 'closed'
export const METRICS: readonly Metric[] = ['open', 'overdue', 'closed']

export interface Row {
  code: string
  name: string
  open: number
  overdue: number
  closed: number
  drillable: boolean
}

export interface Situation {
  loading: Loading<{ division: Division; summary: Summary | null }>
  metric: Ref<Metric>
  metricName: ComputedRef<string>
  rows: ComputedRef<Row[]>
  values: ComputedRef<ReadonlyMap<string, number>>
  path: ComputedRef<{ code: string; name: string; reachable: boolean }[]>
  name: ComputedRef<string>
  stale: ComputedRef<boolean>
  nameOf: (code: string, name: string) => string
  drillable: (code: string) => boolean
}

const REFRESH_MS = 30_000
const STALE_MS = 5 * 60_000
/** Villages are not drilled into here: their orders are rows of the list. */
const DEEPEST: ReadonlySet<Tier> = new Set<Tier>(['town', 'village'])

export function useSituation(code: () => string, top: () => string): Situation {
  const names = shallowRef<ReadonlyMap<string, Named>>(new Map())
  divisionNames().then((loaded) => { names.value = loaded }, () => undefined)
  const loading = useLoading(async () => {
    const [division, summary] = await Promise.all([hub.division(code()), can(RIGHTS.read) ? hub.summary(code()) : null])
    return { division, summary }
  }, code)
  useEvery(REFRESH_MS, () => void loading.reload())
  const metric = ref<Metric>('open')
  const nameOf = (one: string, name: string): string => either(name, names.value.get(one)?.name_en)

  const rows = computed<Row[]>(() => {
    const shown = loading.value.value
    if (shown === null) return []
    const figures = new Map(shown.summary?.children.map((child) => [child.code, child] as const))
    return shown.division.children.map((child) => ({
      code: child.code,
      name: nameOf(child.code, child.name),
      open: figures.get(child.code)?.open ?? 0,
      overdue: figures.get(child.code)?.overdue ?? 0,
      closed: figures.get(child.code)?.closed ?? 0,
      drillable: child.has_children && !DEEPEST.has(child.tier),
    }))
  })

  const path = computed(() => {
    const shown = loading.value.value
    if (shown === null) return []
    const whole = shown.division.path.some((one) => one.code === shown.division.code)
      ? shown.division.path : [...shown.division.path, shown.division]
    const floor = whole.findIndex((one) => one.code === top())
    return whole.map((one, index) => ({ code: one.code, name: nameOf(one.code, one.name), reachable: floor < 0 || index >= floor }))
  })

  const now = ref(Date.now())
  useEvery(10_000, () => { now.value = Date.now() })
  watchEffect(() => { if (loading.value.value !== null) now.value = Date.now() })

  return {
    loading, metric, rows, path, nameOf,
    metricName: computed(() => t(`home.${metric.value}`)),
    values: computed(() => new Map(loading.value.value?.summary == null ? [] : rows.value.map((row) => [row.code, row[metric.value]]))),
    name: computed(() => path.value.at(-1)?.name ?? ''),
    stale: computed(() => {
      const asOf = loading.value.value?.summary?.as_of
      return asOf !== undefined && now.value - new Date(asOf).getTime() > STALE_MS
    }),
    drillable: (one) => rows.value.some((row) => row.code === one && row.drillable),
  }
}
