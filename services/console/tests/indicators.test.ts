/** Indicators without a browser: the newest value, what differs, where a fault stands, how lineage is drawn, typed numbers. */
import { describe, expect, test } from 'vitest'
import type { DefinitionText, IndicatorValue } from '../src/api/indicator.ts'
import { ApiProblem } from '../src/api/problem.ts'
import { amount, changes, countsOrders, differs, faultIn, lineage, monthsBefore, newest, newestFirst, stale, submittedBy } from '../src/lib/indicator.ts'
import { periodOf } from '../src/pages/indicators/words.ts'

const value = (code: string, starts: string): IndicatorValue => ({
  id: code + starts, code, version: 1, name: code, name_en: '', unit: '件', division: '441721', value: 1, numerator: null, denominator: null, reason: '',
  period: { kind: 'month', starts, last: starts }, data_time: '2026-11-23T01:00:00Z', computed_at: '2026-11-23T01:00:00Z', links: { definition: '', rows: null },
})
const rule: DefinitionText = { name: '按期结案率', name_en: '', formula: 'ratio(count(closed, on_time), count(closed))', caliber: '口径', period: 'month', unit: '%', owner: '', source: '' }

test('the newest period stands for an indicator, whatever order the values come in', () => {
  const found = newest([value('a', '2026-09-01'), value('a', '2026-11-01'), value('b', '2026-10-01'), value('a', '2026-10-01')])
  expect([...found].map(([code, one]) => [code, one.period.starts])).toEqual([['a', '2026-11-01'], ['b', '2026-10-01']])
  expect(newestFirst([value('a', '2025-12-01'), value('a', '2026-01-01')]).map((one) => one.period.starts)).toEqual(['2026-01-01', '2025-12-01'])
})
test('months are counted over the turn of a year', () => {
  expect([monthsBefore('2026-11-23', 1), monthsBefore('2026-01-31', 1), monthsBefore('2026-03-01', 15)]).toEqual(['2026-10-01', '2025-12-01', '2024-12-01'])
})
test('data are old when two runs were missed', () => {
  const now = new Date('2026-11-23T04:00:00Z')
  expect([stale('2026-11-23T01:31:00Z', now), stale('2026-11-23T01:29:00Z', now)]).toEqual([false, true])
})
test('two versions differ in the fields that read otherwise', () => {
  expect(changes(rule, { ...rule, unit: '‰' })).toEqual([{ field: 'unit', before: '%', after: '‰' }])
  expect(changes(null, rule).map((one) => one.field)).toEqual(['name', 'formula', 'caliber', 'period', 'unit'])
})
test('a formula says whether units submit its values', () => {
  expect([submittedBy('submitted(ratio, 10)'), submittedBy(' submitted（sum，5）'), submittedBy(rule.formula)]).toEqual(['ratio', 'value', null])
  expect([countsOrders(rule.formula), countsOrders('order.closed - 1'), countsOrders('submitted(sum, 3)')]).toEqual([true, false, false])
})

describe('a fault in a formula', () => {
  const refused = (at: number): ApiProblem => new ApiProblem(422, { errors: [{ field: 'formula', expected: '…', at }] })
  test('is shown at the character that the hub counted', () => {
    expect(faultIn('count(closed) + sum(closed, urged)', refused(14))).toEqual({ at: 14, before: 'count(closed) ', mark: '+', after: ' sum(closed, urged)' })
    expect(faultIn('𠮷 + 1', refused(2))).toMatchObject({ before: '𠮷 ', mark: '+' })
  })
  test('at the end marks nothing', () => expect(faultIn('count(', refused(6))).toEqual({ at: 6, before: 'count(', mark: '', after: '' }))
  test('is not invented for other refusals', () => {
    expect(faultIn('x', new ApiProblem(422, { errors: [{ field: 'unit', expected: '…' }] }))).toBeNull()
    expect(faultIn('x', new Error('gone'))).toBeNull()
  })
})

test('lineage runs from left to right, itself in the middle, without boxes over one another', () => {
  const drawn = lineage('rate.on_time', [{ code: 'a', role: 'source' }, { code: 'b', role: 'below' }, { code: 'c', role: 'below' }], ['d'])
  const columns = new Map(drawn.boxes.map((box) => [box.code, box.x]))
  expect(columns.get('a')).toBe(0)
  expect([...new Set(columns.values())]).toHaveLength(3)
  expect(drawn.self.x).toBeLessThan(columns.get('d') ?? 0)
  const left = drawn.boxes.filter((box) => box.x === 0).map((box) => box.y)
  expect(Math.min(...left.slice(1).map((y, index) => y - (left[index] ?? 0)))).toBeGreaterThan(drawn.box.height)
  expect(lineage('x', [], []).width).toBe(drawn.box.width)
})
test('numbers are read as people type them, and nothing else is', () => {
  expect([amount('1,234.5'), amount('１２３'), amount(' -7 '), amount(''), amount('1e9'), amount('12件')]).toEqual([1234.5, 123, -7, null, null, null])
})
test('a difference in the last place of a float is none', () => {
  expect([differs({ difference: 1e-12, value: 87.5 }), differs({ difference: 1, value: 300 }), differs({ difference: null, value: 3 })]).toEqual([false, true, false])
})
test('a period is written by its kind', () => {
  expect(['month', 'quarter', 'year', 'day'].map((kind) => periodOf({ kind, starts: '2026-10-01' }))).toEqual(['2026-10', '2026 Q4', '2026', '2026-10-01'])
})
