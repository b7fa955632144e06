/** The world of the development server: real divisions from the content pack, invented orders, repeatable. */
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import type { Division, FleetSite, FleetState, Matter, Tier } from '../../src/api/types.ts'

export interface Row {
  code: string
  name: string
  parent: string
  tier: Tier
}

const content = resolve(import.meta.dirname, '../../../content')
const lines = (file: string): string[][] =>
  readFileSync(resolve(content, file), 'utf8').split('\n').filter((line) => /^\d/.test(line)).map((line) => line.split('\t'))

export const DIVISIONS: Row[] = lines('divisions-2023/divisions.tsv').map(([code = '', name = '', parent = '', tier = 'town']) => ({
  code, name, parent, tier: tier as Tier,
}))
export const BY_CODE = new Map(DIVISIONS.map((row) => [row.code, row]))
export const childrenOf = (code: string): Row[] => DIVISIONS.filter((row) => row.parent === code)

export function pathTo(code: string): Row[] {
  const row = BY_CODE.get(code)
  return row === undefined ? [] : [...pathTo(row.parent), row]
}

export const within = (code: string, top: string): boolean => pathTo(code).some((row) => row.code === top)

export function division(code: string): Division | null {
  const row = BY_CODE.get(code)
  if (row === undefined) return null
  return {
    code, name: row.name, tier: row.tier,
    path: pathTo(code).map(({ code: one, name, tier }) => ({ code: one, name, tier })),
    children: childrenOf(code).map(({ code: one, name, tier }) => ({ code: one, name, tier, has_children: childrenOf(one).length > 0 })),
  }
}

const limit = (amount: number) => ({ kind: 'promised', amount, unit: 'working_day' })
const matter = (code: string, name: string, category: string, days: number): Matter => ({
  code, name, category, unit_hint: null, limit: limit(days), effective_from: '2026-01-01', effective_to: null, source: null, sample: true,
})
export const MATTERS: Matter[] = [
  matter('CG-001', '道路破损', '城市管理', 7), matter('CG-002', '路灯不亮', '城市管理', 3), matter('CG-003', '垃圾清运不及时', '城市管理', 2),
  matter('SW-001', '供水管网爆裂', '水务', 1), matter('SW-002', '河道漂浮物', '水务', 5), matter('HB-001', '噪声扰民', '生态环境', 5),
  matter('HB-002', '异味排放', '生态环境', 7), matter('JT-001', '公交站点调整建议', '交通运输', 10), matter('JT-002', '信号灯故障', '交通运输', 1),
  matter('SC-001', '消费纠纷', '市场监管', 7), matter('YJ-001', '消防通道堵塞', '应急管理', 1), matter('ZJ-001', '房屋漏水', '住房建设', 10),
]

/** The same numbers at every start, so that two screenshots can be compared. */
export function random(seed: number): () => number {
  let state = seed
  return () => {
    state = (state * 1664525 + 1013904223) % 4294967296
    return state / 4294967296
  }
}

export function fleet(): FleetSite[] {
  const dice = random(7)
  const special: Record<string, FleetState> = {
    '440000': 'same', '441700': 'same', '441721': 'drifted', '440300': 'not_ours', '440100': 'ahead', '441702': 'stale', '441781': 'never_seen',
  }
  return DIVISIONS.filter((row) => row.tier !== 'town').map((row) => {
    const die = dice()
    const state = special[row.code] ?? (die < 0.62 ? 'same' : die < 0.8 ? 'behind' : die < 0.86 ? 'stale' : 'not_deployed')
    const seen = !['never_seen', 'not_deployed', 'not_ours'].includes(state)
    return {
      site: row.code, name: row.name, tier: row.tier, parent: row.parent || null, state,
      address: seen ? `http://127.64.0.${Math.floor(dice() * 200) + 2}:7080` : null,
      release: seen ? (state === 'behind' ? '2026.10.2' : '2026.11.0') : null,
      proven_at: seen ? new Date(Date.now() - Math.floor(dice() * 3_000_000)).toISOString() : null,
      details: state === 'drifted' ? ['hub: site-packages/yiwang_kit/app.py 与清单不符 / differs from the manifest'] : [],
      generation: seen ? 3 : null,
    }
  })
}
