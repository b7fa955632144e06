/** The management centre without a browser: codes to scan, the keys of a tree, filters in the address, terms of posts. */
import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import type { MatterVersion } from '../src/api/catalogue.ts'
import { readFilter, written } from '../src/lib/address.ts'
import { asVersion, differences, draftOf } from '../src/lib/matter-diff.ts'
import { qr, TooLong } from '../src/lib/qr.ts'
import { step, visible, type Branch } from '../src/lib/tree.ts'
import { present } from '../src/layouts/navigation.ts'
import { endOfDay, term } from '../src/pages/admin/words.ts'
import { say, standing } from '../src/pages/catalogue/words.ts'

const ENROLMENT = 'otpauth://totp/%E9%98%B3%E8%A5%BF%E5%8E%BF:demo-administrator?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP&issuer=%E9%98%B3%E8%A5%BF%E5%8E%BF&algorithm=SHA1&digits=6&period=30'

describe('a code to scan', () => {
  // Modules as python-qrcode 8.2 draws them (error level M, bytes, the mask that is named), a line a row, as a digest.
  test.each([
    ['otpauth://totp/x?secret=A', 25, 0, '800a01651fdfac4c8877bb1f24f81cca9bb920c874241c5008328d6f9f1d9a6d'],
    [ENROLMENT, 53, 6, 'a477a3d38738c8701668dd3a46f8b51ed3db583c68a846c6f3911496472ca492'],
    ['a'.repeat(200), 57, 1, '7fc27d216fc2a9d2f9527ab2573d685e606a89440863f52af3ed0c15cde401c2'],
    ['b'.repeat(270), 65, 2, '9817e1e7ecae9a3211ea3ed747a1aa5e4111dbfeeb54e89e233548748da06ab7'],
  ])('is the same as another encoder draws: %.30s', (text, size, mask, digest) => {
    const drawn = qr(text, mask).map((row) => row.map(Number).join('')).join('\n')
    expect(drawn.split('\n')).toHaveLength(size)
    expect(createHash('sha256').update(drawn).digest('hex')).toBe(digest)
  })
  test('chooses the mask by itself when none is named', () => expect(qr(ENROLMENT)).toEqual(qr(ENROLMENT, 6)))
  test('refuses what does not fit instead of drawing half of it', () => expect(() => qr('x'.repeat(290))).toThrow(TooLong))
})

describe('a tree', () => {
  const node = (id: string, parent: string | null, has_children = false): Branch => ({ id, parent, has_children })
  const top = node('province', null, true)
  const below = new Map([['province', [node('centre', 'province'), node('bureau', 'province', true)]], ['bureau', [node('office', 'bureau')]]])
  const rows = visible(top, below, new Set(['province']))

  test('shows what is open, with its place among its sisters', () => {
    expect(rows.map((row) => [row.node.id, row.level, row.index, row.size, row.open])).toEqual([
      ['province', 1, 1, 1, true], ['centre', 2, 1, 2, null], ['bureau', 2, 2, 2, false],
    ])
    expect(visible(top, below, new Set(['province', 'bureau'])).map((row) => row.node.id)).toEqual(['province', 'centre', 'bureau', 'office'])
  })
  test('is walked by the arrow keys: right opens or enters, left closes or leaves', () => {
    expect(step(rows, 'bureau', 'ArrowRight')).toEqual({ kind: 'open', id: 'bureau' })
    expect(step(rows, 'province', 'ArrowRight')).toEqual({ kind: 'focus', id: 'centre' })
    expect(step(rows, 'centre', 'ArrowRight')).toBeNull()
    expect(step(rows, 'centre', 'ArrowLeft')).toEqual({ kind: 'focus', id: 'province' })
    expect(step(rows, 'province', 'ArrowLeft')).toEqual({ kind: 'close', id: 'province' })
    expect(step(rows, 'province', 'End')).toEqual({ kind: 'focus', id: 'bureau' })
    expect(step(rows, 'bureau', 'ArrowDown')).toBeNull()
    expect(step(rows, 'gone', 'ArrowDown')).toBeNull()
  })
})

test('a filter in the address keeps only its own names and leaves out what is empty', () => {
  const filter = readFilter(['q', 'unit'], { q: '演示', unit: ['a', 'b'], other: 'x', cursor: 'c' })
  expect(filter).toEqual({ q: '演示', unit: '', cursor: 'c' })
  expect(written(filter)).toEqual({ q: '演示', cursor: 'c' })
})

test('a term holds through its last day in China, and is shown by that day', () => {
  expect(endOfDay('2026-12-31')).toBe('2026-12-31T16:00:00.000Z')
  expect(term(endOfDay('2026-12-31'))).toContain('2026-12-31')
  expect(term(null)).toBe('长期')
})

describe('a matter', () => {
  const version: MatterVersion = {
    code: 'S001', name: '道路破损', name_en: '', category: '市容', unit_hint: '', conditions: '', limit: { kind: 'promised', amount: 7, unit: 'working_day' },
    effective_from: '2026-01-01', effective_to: null, source: '', sample: true, version: 1, origin: 'local', stages: [], evidence: { photos: 0, position: false }, state: 'published', created_by: '', reviewed_by: '', note: '', instead: '', item: '02.001',
    division: '', unit: '', filing: '现场核实', disposal: '', closing: '', form: { type: 'object' },
  }
  test('a draft that changes nothing differs in nothing but its first day', () => {
    expect(differences(version, asVersion(draftOf(version, '2026-01-01'), version), say)).toEqual([])
    expect(differences(version, asVersion(draftOf(version, '2026-12-01'), version), say).map((one) => one.field)).toEqual(['effective_from'])
  })
  test('a draft takes along what the form does not ask: its item, its conditions, its schema', () => {
    const { item, filing, form } = draftOf(version, '2026-12-01')
    expect([item, filing, form]).toEqual(['02.001', '现场核实', '{"type":"object"}'])
  })
  test('what differs is said in words: a limit with its unit, a stage by its name', () => {
    const draft = { ...draftOf(version, '2026-01-01'), limit_amount: 5, stages: [{ name: 'accept', amount: 4, unit: 'working_hour' }] }
    expect(differences(version, asVersion(draft, version), say)).toEqual([
      { field: 'limit', before: '承诺 7 个工作日', after: '承诺 5 个工作日' }, { field: 'stages', before: '按默认环节时限', after: '受理 4 工作小时' },
    ])
  })
  test('holds on both days at its ends, and on none outside', () => {
    const period = { effective_from: '2026-04-01', effective_to: '2026-10-31' }
    const said = ['2026-03-31', '2026-04-01', '2026-10-31', '2026-11-01'].map((on) => standing(period, on).text)
    expect(said).toEqual(['未生效', '在效', '在效', '已失效'])
  })
})

test('the navigation marks one entry: the filter in an address counts more than its absence', () => {
  const entries = [{ to: '/' }, { to: '/orders' }, { to: '/orders?overdue=1' }, { to: '/orders/new' }]
  const at = (path: string, query = {}): string | undefined => present(entries, { path, query })?.to
  expect([at('/'), at('/orders'), at('/orders', { overdue: '1', q: 'x' }), at('/orders/new'), at('/orders/4f'), at('/elsewhere')]).toEqual(
    ['/', '/orders', '/orders?overdue=1', '/orders/new', '/orders', undefined])
})
