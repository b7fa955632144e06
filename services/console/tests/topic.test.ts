/** Decisions about topics: numbers as they are written, the way to rows, what the wall shows next, lines with gaps. */
import { describe, expect, test } from 'vitest'
import type { Alarm, Figure } from '../src/api/situation.ts'
import { byUnit, following, holding, lines, nearRows, number, onDesk, pageRows, periodName, roundTop, steps, unitIn } from '../src/lib/topic.ts'

const alarm = (part: Partial<Alarm>): Alarm => ({
  id: 'a', topic: 'x', code: 'c', division: '441721', level: 'urgent', title: '', title_en: '', figure: 'f', threshold: 1, value: 2,
  raised_at: '2026-11-23T02:00:00Z', acknowledged_at: null, acknowledged_by: null, note: '', ...part,
})

describe('numbers', () => {
  test('counts are whole, rates have one digit, no value is no zero', () =>
    expect([number(1234, 'zh'), number(87.456, 'zh'), number(null, 'zh'), number(1_234_567, 'zh'), number(0, 'en')]).toEqual(['1,234', '87.5', '—', '123.5万', '0']))
  test('a unit is said in the language of the reader', () => expect([unitIn('件', 'zh'), unitIn('件', 'en'), unitIn('%', 'en')]).toEqual(['件', 'orders', '%']))
  test('a month is named as one', () => {
    expect(periodName({ kind: 'month', starts: '2026-11-01', last: '2026-11-30' })).toBe('2026-11')
    expect(periodName({ kind: 'week', starts: '2026-11-23', last: '2026-11-29' })).toBe('2026-11-23 – 2026-11-29')
  })
})

describe('the way to the rows', () => {
  test('moments of a service become days of the page, both included', () =>
    expect(pageRows('/api/collaboration/v1/orders?channel=hotline&division=441721&from=2026-10-31T16%3A00%3A00%2B00%3A00&to=2026-11-30T16%3A00%3A00%2B00%3A00'))
      .toEqual({ channel: 'hotline', division: '441721', from: '2026-11-01', to: '2026-11-30' }))
  test('an address elsewhere is not followed', () => expect(pageRows('https://elsewhere.example/orders?x=1')).toBeNull())
  test('where no list shows exactly the rows, the nearest is the period itself', () =>
    expect(nearRows({ division: '441721', period: { kind: 'month', starts: '2026-11-01', last: '2026-11-30' } } as Figure)).toEqual({ division: '441721', from: '2026-11-01', to: '2026-11-30' }))
})

describe('the wall', () => {
  const topics = [{ code: 'a', pages: 2 }, { code: 'b', pages: 1 }]
  test('turns every page of every topic and begins again', () => {
    const all = steps(topics, null)
    const seen = [all[0] ?? null]
    for (let n = 0; n < 3; n += 1) seen.push(following(all, seen.at(-1) ?? null))
    expect(seen).toEqual([{ topic: 'a', page: 0 }, { topic: 'a', page: 1 }, { topic: 'b', page: 0 }, { topic: 'a', page: 0 }])
  })
  test('one topic alone turns its own pages; none is no step', () => expect([steps(topics, 'b').length, following([], null)]).toEqual([1, null]))
  test('is held by an urgent alarm that nobody has taken on, by no other', () => {
    expect(holding([alarm({ level: 'attention' }), alarm({ acknowledged_at: '2026-11-23T02:01:00Z' })])).toBeNull()
    expect(holding([alarm({ level: 'critical', id: 'b' })])?.id).toBe('b')
  })
  test('a desk shows the blocks of all pages, map and alarms once', () => {
    const block = (kind: string): never => ({ kind, place: 'left' }) as never
    expect(onDesk({ pages: [{ title: '', title_en: '', blocks: [block('map'), block('figures')] }, { title: '', title_en: '', blocks: [block('map'), block('figures')] }] }).length).toBe(3)
  })
})

describe('lines', () => {
  const at = (...values: (number | null)[]) => values.map((value, index) => ({ starts: `2026-0${index + 1}-01`, value }))
  test('a period without a value is a gap', () => expect(lines(at(1, null, 3, 4), 4).map((line) => line.map((one) => one.value))).toEqual([[1], [3, 4]]))
  test('an axis begins at zero and ends at a round number above all values', () => expect([roundTop([null, 0]), roundTop([7]), roundTop([355]), roundTop([1001])]).toEqual([1, 8, 400, 1500]))
  test('figures of different units do not share an axis', () => expect(byUnit([{ unit: '件' }, { unit: '%' }, { unit: '件' }] as Figure[]).map((group) => group.length)).toEqual([2, 1]))
})
