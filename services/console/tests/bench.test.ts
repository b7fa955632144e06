/** The bench and the phone, without a browser: what many orders allow, what waits for the connection, what is kept. */
import { describe, expect, test } from 'vitest'
import type { Order, OrderAction } from '../src/api/types.ts'
import { bulkChoices, doAll, type Held } from '../src/lib/bulk.ts'
import { fromAddress, narrowed, toAddress, toQuestion } from '../src/lib/filters.ts'
import { duration, size } from '../src/lib/format.ts'
import { loadSaved, sameQuery, withSaved } from '../src/lib/saved-filters.ts'
import { keepWaiting, loadWaiting, sendWaiting, type WaitingAction } from '../src/lib/waiting.ts'

const action = (name: string, allowed = true, type: 'text' | 'order' = 'text'): OrderAction => ({
  name, title_zh: name, title_en: name, allowed, why_not: null,
  fields: [{ name: 'note', type, required: true, label_zh: '说明', label_en: 'Note' }],
})
const held = (number: string, ...actions: OrderAction[]): Held => ({ order: { id: number, number, actions } as unknown as Order, etag: '"1"' })

describe('many orders at once', () => {
  test('each action says with how many it can be done and how many stay as they are', () => {
    const [first, second] = bulkChoices([held('1', action('accept')), held('2', action('accept'), action('urge')), held('3', action('accept', false), action('urge', false))])
    expect([first?.action.name, first?.able.length, first?.unable.length]).toEqual(['accept', 2, 1])
    expect([second?.action.name, second?.able.length]).toEqual(['urge', 1])
  })
  test('an action that names another order is not offered for many', () =>
    expect(bulkChoices([held('1', action('merge', true, 'order'))])).toEqual([]))
  test('a refusal stops nothing and is told with its number', async () => {
    const told: number[] = []
    const outcome = await doAll([held('1'), held('2'), held('3')], async ({ order }) => { if (order.number === '2') throw new Error('no') }, (n) => told.push(n))
    expect(outcome.done).toEqual(['1', '3'])
    expect(outcome.refused.map((one) => one.number)).toEqual(['2'])
    expect(told).toEqual([1, 2, 3])
  })
})

const entry = (key: string): WaitingAction => ({ order: key, number: key, title: key, action: 'dispose', fields: {}, etag: '"1"', key, since: '2026-11-23T00:00:00Z', refused: null })

describe('actions that wait for the connection', () => {
  test('are sent once, oldest first, and a lost connection keeps the rest', async () => {
    const asked: string[] = []
    const left = await sendWaiting([entry('a'), entry('b'), entry('c')], async (one) => { asked.push(one.key); return one.key === 'b' ? 'lost' : 'done' }, () => undefined)
    expect(asked).toEqual(['a', 'b'])
    expect(left.map((one) => one.key)).toEqual(['b', 'c'])
  })
  test('a refused one stays with its reason, is not sent again, and holds up nobody', async () => {
    const left = await sendWaiting([entry('a'), entry('b')], async (one) => (one.key === 'a' ? { refused: 'changed' } : 'done'), () => undefined)
    expect(left).toEqual([{ ...entry('a'), refused: 'changed' }])
    expect(await sendWaiting(left, async () => { throw new Error('asked again') }, () => undefined)).toEqual(left)
  })
  test('outlive a closed page, and unreadable storage is an empty queue', () => {
    const kept = new Map<string, string>()
    const store = { getItem: (name: string) => kept.get(name) ?? null, setItem: (name: string, value: string) => { kept.set(name, value) }, removeItem: (name: string) => { kept.delete(name) } }
    expect(keepWaiting(store, 'w', [entry('a')])).toBe(true)
    expect(loadWaiting(store, 'w')).toEqual([entry('a')])
    kept.set('w', '{not json')
    expect(loadWaiting(store, 'w')).toEqual([])
    expect(loadSaved(store, 'w')).toEqual([])
  })
})

describe('the filter in the address', () => {
  test('carries every condition there and back, and refuses a day that is none', () => {
    const query = { todo: '1', stage_overdue: '1', suspended: '1', supervised: '1', matter: 'M1', channel: 'app', from: '2026-11-01', to: '2026-11-22' }
    expect(toAddress(fromAddress(query))).toEqual(query)
    expect(fromAddress({ from: 'yesterday' }).from).toBe('')
  })
  test('asks for whole days in China Standard Time', () => {
    const asked = toQuestion(fromAddress({ from: '2026-11-01', to: '2026-11-22' }), [])
    expect(asked['from']).toBe('2026-11-01T00:00:00+08:00')
    expect(new Date(asked['to'] ?? '').toISOString()).toBe('2026-11-22T15:59:59.999Z')
  })
  test('sorting and paging narrow nothing', () => {
    expect(narrowed(fromAddress({ sort: 'due', cursor: 'x' }))).toBe(false)
    expect(narrowed(fromAddress({ todo: '1' }))).toBe(true)
  })
  test('a saved name is used once, and two orders of the same conditions are one filter', () => {
    expect(withSaved([{ name: 'a', query: { q: '1' } }], { name: 'a', query: { q: '2' } })).toEqual([{ name: 'a', query: { q: '2' } }])
    expect(sameQuery({ a: '1', b: '2' }, { b: '2', a: '1' })).toBe(true)
  })
})

test('sizes and durations are said in the units that people read', () => {
  expect([size(10), size(512 * 1024), size(3_565_158)]).toEqual(['1 KB', '512 KB', '3.4 MB'])
  expect([duration(59, 'zh'), duration(3 * 86_400 + 4 * 3600, 'zh'), duration(3660, 'en')]).toEqual(['0 分钟', '3 天 4 小时', '1 h 1 min'])
})
