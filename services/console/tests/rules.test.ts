/** The parts of the page that decide something, without a browser: each test reads as a claim. */
import { describe, expect, test } from 'vitest'
import { inLanguage } from '../src/api/problem.ts'
import { address } from '../src/api/client.ts'
import { fill } from '../src/i18n/index.ts'
import { en } from '../src/i18n/en.ts'
import { zh } from '../src/i18n/zh.ts'
import { classes, classOf, tint } from '../src/lib/choropleth.ts'
import { dropDraft, freshKey, keepDraft, loadDraft, type Store } from '../src/lib/draft.ts'
import { changed, fromAddress, toAddress, toQuestion } from '../src/lib/filters.ts'
import { dateTime, relative, short, whole } from '../src/lib/format.ts'
import { neighbour } from '../src/lib/keys.ts'
import { complaints, EMPTY_FORM, fieldOf, toOrder } from '../src/lib/order-form.ts'

describe('words', () => {
  test('English says everything that Chinese says, with the same blanks', () => {
    const blanks = (text: string): string[] => (text.match(/\{\w+\}/g) ?? []).sort()
    for (const [key, text] of Object.entries(zh)) {
      expect(blanks(en[key as keyof typeof zh]), key).toEqual(blanks(text))
      expect(en[key as keyof typeof zh], key).not.toBe('')
    }
  })
  test('an unfilled blank stays visible', () => expect(fill('{n} of {m}', { n: 1 })).toBe('1 of {m}'))
  test('a bilingual sentence is shown in one language, any other as it is', () => {
    expect(inLanguage('没有权限 / not permitted', 'en')).toBe('not permitted')
    expect(inLanguage('没有权限 / not permitted', 'zh')).toBe('没有权限')
    expect(inLanguage('a / b', 'zh')).toBe('a / b')
    expect(inLanguage('甲 / 乙', 'en')).toBe('甲 / 乙')
  })
})

describe('numbers and times', () => {
  test('are written as an administration writes them', () => {
    expect(whole(1234567)).toBe('1,234,567')
    expect(short(123456, 'zh')).toBe('12.3万')
    expect(short(9999, 'zh')).toBe('9,999')
    expect(whole(null)).toBe('—')
  })
  test('are in China Standard Time wherever the browser stands', () => {
    expect(dateTime('2026-11-22T16:04:00Z')).toBe('2026-11-23 00:04')
    expect(dateTime('nonsense')).toBe('—')
  })
  test('are relative on a phone', () => {
    expect(relative('2026-11-22T10:00:00Z', 'en', new Date('2026-11-22T13:00:00Z'))).toBe('3 hours ago')
  })
})

describe('choropleth', () => {
  test('never has more than five classes, and every value falls in exactly one', () => {
    for (let size = 0; size < 60; size += 1) {
      const values = Array.from({ length: size }, (_, n) => (n * 37) % 23)
      const found = classes(values)
      expect(found.length).toBeLessThanOrEqual(5)
      for (const value of values) expect(found.filter((one) => value >= one.from && value <= one.to)).toHaveLength(1)
      expect(found.reduce((sum, one) => sum + one.count, 0)).toBe(size)
    }
  })
  test('keeps zero apart and gives each class a tint of its own', () => {
    const found = classes([0, 0, 1, 2, 3, 4, 5])
    expect(found[0]).toEqual({ from: 0, to: 0, count: 2 })
    const tints = found.map((_, index) => tint(index, found))
    expect(new Set(tints).size).toBe(found.length)
    expect(tints.at(-1)).toBe(4)
    expect(classOf(99, found)).toBe(-1)
  })
})

describe('filter in the address', () => {
  test('survives the way to a colleague', () => {
    const filter = fromAddress({ state: 'open', division: '441721', q: '"=1+1"', mine: '1', sort: 'due' })
    expect(fromAddress(toAddress(filter))).toEqual(filter)
  })
  test('ignores what is not text or not a known order', () => {
    expect(fromAddress({ state: ['a', 'b'], sort: 'drop table' })).toEqual(fromAddress({}))
  })
  test('a narrower filter begins at the first page', () => {
    expect(changed({ ...fromAddress({}), cursor: 'abc' }, { q: 'x' }).cursor).toBe('')
  })
  test('open asks the hub for every state but closed', () => {
    expect(toQuestion(fromAddress({ state: 'open' }), ['registered', 'closed', 'returned'])['state']).toBe('registered,returned')
  })
  test('empty values are left out of an address', () => expect(address('/x', { a: '', b: null, c: 0, d: false, e: true })).toBe('/x?c=0&e=true'))
})

class Shelf implements Store {
  readonly kept = new Map<string, string>()
  full = false
  getItem(name: string): string | null { return this.kept.get(name) ?? null }
  setItem(name: string, value: string): void { if (this.full) throw new Error('QuotaExceeded'); this.kept.set(name, value) }
  removeItem(name: string): void { this.kept.delete(name) }
}

describe('draft', () => {
  test('comes back with its words and its key', () => {
    const shelf = new Shelf()
    const draft = loadDraft(shelf, 'd', EMPTY_FORM)
    draft.content.title = '路灯不亮 𠮷'
    expect(keepDraft(shelf, 'd', draft)).toBe(true)
    const again = loadDraft(shelf, 'd', EMPTY_FORM)
    expect(again.content.title).toBe('路灯不亮 𠮷')
    expect(again.key).toBe(draft.key)
    dropDraft(shelf, 'd')
    expect(loadDraft(shelf, 'd', EMPTY_FORM).key).not.toBe(draft.key)
  })
  test('a full or broken storage never breaks the form', () => {
    const shelf = new Shelf()
    shelf.kept.set('d', '{"content":')
    expect(loadDraft(shelf, 'd', EMPTY_FORM).content).toEqual(EMPTY_FORM)
    shelf.full = true
    expect(keepDraft(shelf, 'd', { content: EMPTY_FORM, key: 'k', keptAt: null })).toBe(false)
  })
  test('a key is a version 4 UUID', () => expect(freshKey()).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/))
})

describe('intake form', () => {
  const good = { ...EMPTY_FORM, matter: 'CG-001', title: '路面塌陷', division: '441721100' }
  test('formula and SQL text are only text', () => {
    expect(complaints({ ...good, title: '=1+1', reporter: "𠮷田'; drop table work_order;--" })).toEqual({})
  })
  test('counts characters, not halves of them', () => {
    expect(complaints({ ...good, title: '𠮷'.repeat(120) })).toEqual({})
    expect(complaints({ ...good, title: '𠮷'.repeat(121) }).title?.key).toBe('new.tooLong')
  })
  test('refuses what shows nothing or turns the line around', () => {
    for (const bad of ['a\u0000b', 'a\u202eb', 'a\u2028b']) expect(complaints({ ...good, title: bad }).title?.key).toBe('new.control')
  })
  test('names every missing field', () => expect(Object.keys(complaints(EMPTY_FORM)).sort()).toEqual(['division', 'matter', 'title']))
  test('a place has both coordinates, inside the country', () => {
    expect(complaints({ ...good, lon: '111.6' }).lat?.key).toBe('new.both')
    expect(complaints({ ...good, lon: '200', lat: '21' }).lon?.key).toBe('new.lonBad')
    expect(toOrder({ ...good, lon: '111.6', lat: '21.7' }).location).toEqual({ lon: 111.6, lat: 21.7 })
    expect(toOrder(good).location).toBeNull()
  })
  test('finds the field that the hub complains about', () => {
    expect(fieldOf('body.reporter.phone')).toBe('phone')
    expect(fieldOf('body.reporter.name')).toBe('reporter')
    expect(fieldOf('If-Match')).toBeNull()
  })
})

test('an arrow key finds the nearest place ahead', () => {
  const places = [{ id: 'a', x: 0, y: 0 }, { id: 'b', x: 10, y: 1 }, { id: 'c', x: 8, y: 9 }, { id: 'd', x: -5, y: 0 }]
  const from = places[0]!
  expect(neighbour(places, from, 'ArrowRight')?.id).toBe('b')
  expect(neighbour(places, from, 'ArrowLeft')?.id).toBe('d')
  expect(neighbour(places, from, 'ArrowUp')).toBeNull()
  expect(neighbour(places, from, 'x')).toBeNull()
})
