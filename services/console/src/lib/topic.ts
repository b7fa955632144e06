/** Decisions about topics without a browser: how a figure is written, where it leads, what the wall shows next. */
import type { Alarm, Block, Figure, Rows, Topic } from '../api/situation.ts'
import { isChinese, type Language } from '../i18n/language.ts'
import { day, short, whole } from './format.ts'

const WIDE = 1_000_000

/** 1,234,567 and 87.5: counts whole, rates and means with one digit; 123.4万 where the number is wide. */
export function number(value: number | null, language: Language): string {
  if (value === null) return '—'
  if (Math.abs(value) >= WIDE) return short(value, language)
  return Number.isInteger(value) ? whole(value) : value.toLocaleString('en-US', { minimumFractionDigits: 1, maximumFractionDigits: 1 })
}

/** Units are written in the administration's words; English has its own for the few there are. */
export const unitIn = (unit: string, language: Language): string =>
  isChinese(language) ? unit : (({ 件: 'orders', 次: 'times', '次/件': 'per order' } as Record<string, string>)[unit] ?? unit)

/** 2026-11 for a month, both days for anything else. */
export function periodName(period: Figure['period']): string {
  if (period === null) return ''
  return period.kind === 'month' ? period.starts.slice(0, 7) : period.starts === period.last ? period.starts : `${period.starts} – ${period.last}`
}

const LIST = '/api/collaboration/v1/orders?'

/** The page's address of a list that a service names by its own: moments become days, both included. */
export function pageRows(path: string): Rows | null {
  if (!path.startsWith(LIST)) return null
  const asked = Object.fromEntries(new URLSearchParams(path.slice(LIST.length)))
  if (asked['from'] !== undefined) asked['from'] = day(asked['from'])
  if (asked['to'] !== undefined) asked['to'] = day(new Date(new Date(asked['to']).getTime() - 1))
  return asked
}

/** Orders registered in a figure's division and period: the nearest list where none shows exactly its rows. */
export const nearRows = (figure: Figure): Rows =>
  ({ division: figure.division, ...(figure.period === null ? {} : { from: figure.period.starts, to: figure.period.last }) })

export interface Step { topic: string; page: number }

/** Every wall page of these topics in turn; one topic alone turns its own pages. */
export const steps = (topics: readonly { code: string; pages: number }[], only: string | null): Step[] =>
  topics.filter((one) => only === null || one.code === only)
    .flatMap((one) => Array.from({ length: one.pages }, (_, page) => ({ topic: one.code, page })))

export const following = (all: readonly Step[], now: Step | null): Step | null =>
  all[(all.findIndex((one) => one.topic === now?.topic && one.page === now.page) + 1) % Math.max(1, all.length)] ?? null

const LOUD: ReadonlySet<string> = new Set(['urgent', 'critical'])

/** An alarm that nobody has taken on and that cannot wait holds the wall where it is. */
export const holding = (alarms: readonly Alarm[]): Alarm | null =>
  alarms.find((one) => one.acknowledged_at === null && LOUD.has(one.level)) ?? null

/** The blocks of a desk: those of all pages, the map and the alarms once. */
export function onDesk(topic: Pick<Topic, 'pages'>): Block[] {
  const once = new Set<string>()
  return topic.pages.flatMap((page) => page.blocks).filter((block) => {
    if (block.kind !== 'map' && block.kind !== 'alarms') return true
    const first = !once.has(block.kind)
    once.add(block.kind)
    return first
  })
}

export const figuresOf = (topic: Pick<Topic, 'figures'>, ids: readonly string[]): Figure[] =>
  ids.flatMap((id) => topic.figures.filter((one) => one.id === id))

/** Figures that share a chart: those counted in one unit. */
export function byUnit(figures: readonly Figure[]): Figure[][] {
  const found = new Map<string, Figure[]>()
  for (const one of figures) found.set(one.unit, [...(found.get(one.unit) ?? []), one])
  return [...found.values()]
}

export interface Point { x: number; y: number; value: number; starts: string }

/** A line between gaps: a period without a value is a gap and no zero. */
export function lines(series: Figure['series'], top: number): Point[][] {
  const last = Math.max(1, series.length - 1)
  const found: Point[][] = [[]]
  series.forEach((one, index) => {
    if (one.value === null) {
      if (found.at(-1)?.length !== 0) found.push([])
    } else found.at(-1)?.push({ x: index / last, y: 1 - one.value / top, value: one.value, starts: one.starts })
  })
  return found.filter((line) => line.length > 0)
}

/** The least round number above all values: an axis begins at zero and ends there. */
export function roundTop(values: readonly (number | null)[]): number {
  const most = Math.max(0, ...values.map((value) => value ?? 0))
  if (most === 0) return 1
  const power = 10 ** Math.floor(Math.log10(most))
  return ([1, 1.5, 2, 3, 4, 5, 6, 8, 10].find((step) => step * power >= most) ?? 10) * power
}
