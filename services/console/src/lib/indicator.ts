/** Decisions about indicators without a browser: which value is newest, what two versions differ in, where a fault stands. */
import { ApiProblem } from '../api/problem.ts'
import type { DefinitionText, DefinitionVersion, IndicatorValue } from '../api/indicator.ts'

export const FIELDS = ['name', 'name_en', 'formula', 'caliber', 'period', 'unit', 'owner', 'source'] as const
export type Field = typeof FIELDS[number]
export const PERIODS = ['day', 'week', 'month', 'quarter', 'year'] as const
const STALE_AFTER = 150 * 60_000 // values come hourly, one run may be missed: as topics have it

export const stale = (dataTime: string, now: Date = new Date()): boolean => now.getTime() - new Date(dataTime).getTime() > STALE_AFTER

/** The value of the newest period of each indicator. */
export function newest(values: readonly IndicatorValue[]): Map<string, IndicatorValue> {
  const found = new Map<string, IndicatorValue>()
  for (const one of values) {
    const held = found.get(one.code)
    if (held === undefined || one.period.starts > held.period.starts) found.set(one.code, one)
  }
  return found
}

export const newestFirst = (values: readonly IndicatorValue[]): IndicatorValue[] =>
  [...values].sort((a, b) => (a.period.starts < b.period.starts ? 1 : -1))

/** Months before a day (2026-11-23), as the first day of that month. */
export function monthsBefore(today: string, months: number): string {
  const count = Number(today.slice(0, 4)) * 12 + Number(today.slice(5, 7)) - 1 - months
  return `${Math.floor(count / 12)}-${String((count % 12) + 1).padStart(2, '0')}-01`
}

export interface Change { field: Field; before: string; after: string }

export const changes = (before: DefinitionText | null, after: DefinitionText): Change[] =>
  FIELDS.map((field) => ({ field, before: before?.[field] ?? '', after: after[field] })).filter((one) => one.before !== one.after)

export const textOf = (version: DefinitionVersion): DefinitionText =>
  Object.fromEntries(FIELDS.map((field) => [field, version[field]])) as unknown as DefinitionText

/** Whether units submit its values; the whole formula says so. */
export const submittedBy = (formula: string): 'value' | 'ratio' | null => {
  const rule = /^\s*submitted\s*[(（]\s*(\w+)/.exec(formula)?.[1]
  return rule === undefined ? null : rule === 'ratio' ? 'ratio' : 'value'
}

export const countsOrders = (formula: string): boolean => /\b(count|sum)\s*[(（]/.test(formula)

export interface Fault { at: number; before: string; mark: string; after: string }

/** Where in a formula the hub found the fault; characters are counted as it counts them, by code point. */
export function faultIn(formula: string, problem: unknown): Fault | null {
  if (!(problem instanceof ApiProblem)) return null
  const at = problem.errors.find((one) => one.field === 'formula')?.at
  if (at === undefined) return null
  const signs = Array.from(formula)
  return { at, before: signs.slice(0, at).join(''), mark: signs[at] ?? '', after: signs.slice(at + 1).join('') }
}

export interface Box { code: string; role: 'source' | 'below' | 'this' | 'above'; x: number; y: number }

export interface Picture { width: number; height: number; boxes: Box[]; self: Box; box: { width: number; height: number } }

const [BOX, TALL, GAP, WAY] = [196, 40, 14, 72]

/** What a definition is made of on the left, itself in the middle, what stands on it on the right. */
export function lineage(code: string, from: readonly { code: string; role: 'source' | 'below' }[], feeds: readonly string[]): Picture {
  const rows = Math.max(from.length, feeds.length, 1)
  const height = rows * TALL + (rows - 1) * GAP
  const top = (count: number, index: number): number => (height - count * TALL - (count - 1) * GAP) / 2 + index * (TALL + GAP)
  const left = from.length > 0 ? BOX + WAY : 0
  const self: Box = { code, role: 'this', x: left, y: top(1, 0) }
  const boxes: Box[] = [
    ...from.map((one, index) => ({ ...one, x: 0, y: top(from.length, index) })),
    self,
    ...feeds.map((one, index): Box => ({ code: one, role: 'above', x: left + BOX + WAY, y: top(feeds.length, index) })),
  ]
  return { width: left + BOX + (feeds.length > 0 ? WAY + BOX : 0), height, boxes, self, box: { width: BOX, height: TALL } }
}

/** Whether what a site below says differs from what is known here; rounding in the last place is no difference. */
export const differs = (one: { difference: number | null; value: number | null }): boolean =>
  one.difference !== null && Math.abs(one.difference) > 1e-9 * Math.max(1, Math.abs(one.value ?? 0))

/** A number as somebody types it, 1,234.5 or in full-width digits; null for anything else. */
export function amount(text: string): number | null {
  const plain = text.normalize('NFKC').replace(/[,\s]/g, '')
  return /^-?\d+(\.\d+)?$/.test(plain) ? Number(plain) : null
}
