/** A topic in a division, with names in the reader's language, its map's values and the figure that is open. */
import { computed, ref, shallowRef, watch, type ComputedRef, type Ref } from 'vue'
import * as hub from '../api/hub.ts'
import * as situation from '../api/situation.ts'
import type { Alarm, Figure, Topic } from '../api/situation.ts'
import { either } from '../i18n/index.ts'
import type { Named } from '../map/geometry.ts'
import { divisionNames } from '../map/load.ts'
import { day } from './format.ts'
import { useEvery, useLoading, type Loading } from './loading.ts'
import { figuresOf } from './topic.ts'

const REFRESH_MS = 20_000

export interface TopicView {
  loading: Loading<Topic | null>
  topic: ComputedRef<Topic | null>
  areaName: (code: string) => string
  matterName: (code: string) => string
  path: ComputedRef<{ code: string; name: string; reachable: boolean }[]>
  layers: ComputedRef<Figure[]>
  layer: ComputedRef<Figure | null>
  layerAt: Ref<number>
  values: ComputedRef<ReadonlyMap<string, number>>
  drillable: (code: string) => boolean
  hot: Ref<string | null>
  opened: Ref<Figure | null>
}

export function useTopic(code: () => string | null, division: () => string, own: string): TopicView {
  const names = shallowRef<ReadonlyMap<string, Named>>(new Map())
  divisionNames().then((loaded) => { names.value = loaded }, () => undefined)
  const matters = shallowRef<ReadonlyMap<string, { name: string; name_en?: string | null }>>(new Map())
  const loading = useLoading(async (signal) => {
    const wanted = code()
    return wanted === null ? null : situation.topic(wanted, division(), signal)
  }, () => [code(), division()])
  useEvery(REFRESH_MS, () => void loading.reload())
  const topic = computed(() => loading.value.value)
  watch(topic, (now) => {
    const needed = now?.pages.some((page) => page.blocks.some((block) => block.by === 'matter')) ?? false
    if (!needed || matters.value.size > 0) return
    hub.matters(day(new Date())).then((page) => { matters.value = new Map(page.items.map((one) => [one.code, one])) }, () => undefined)
  })

  const known = computed(() => {
    const here = topic.value?.division
    return new Map(here === undefined ? [] : [...here.path, ...here.children, here].map((one) => [one.code, one.name] as const))
  })
  const areaName = (one: string): string => either(known.value.get(one) ?? one, names.value.get(one)?.name_en)
  const layerAt = ref(0)
  const layers = computed(() => (topic.value === null ? [] : figuresOf(topic.value, topic.value.layers)))
  const layer = computed(() => layers.value[layerAt.value % Math.max(1, layers.value.length)] ?? null)
  const opened = ref<Figure | null>(null)
  return {
    loading, topic, areaName, layers, layer, layerAt, opened,
    matterName: (one) => matters.value.get(one)?.name ?? one,
    hot: ref<string | null>(null),
    path: computed(() => {
      const path = topic.value?.division.path ?? []
      const floor = path.findIndex((one) => one.code === own)
      return path.map((one, index) => ({ code: one.code, name: areaName(one.code), reachable: floor < 0 || index >= floor }))
    }),
    values: computed(() => new Map((layer.value?.parts ?? []).flatMap((one) => (one.value === null ? [] : [[one.division, one.value] as const])))),
    drillable: (one) => topic.value?.division.children.some((child) => child.code === one && child.tier !== 'village') ?? false,
  }
}

/** Where an alarm leads: its figure, if the topic and the division are the ones that are shown. */
export const figureOf = (topic: Topic | null, alarm: Alarm): Figure | null =>
  topic === null || topic.code !== alarm.topic || topic.division.code !== alarm.division
    ? null : topic.figures.find((one) => one.id === alarm.figure) ?? null
