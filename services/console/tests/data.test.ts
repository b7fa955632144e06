/** Data shown by the page: the story of an order, the version matrix, and the outlines of the map. */
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { FleetSite, TraceEntry } from '../src/api/types.ts'
import { FLEET_LOOKS, LINK_LOOKS } from '../src/components/states.ts'
import { counts, FLEET_STATES, groups } from '../src/lib/fleet.ts'
import { story } from '../src/lib/story.ts'
import { areaOf, areasAt, atlas, type BoundaryPack } from '../src/map/geometry.ts'

const entry = (site: string, action: string): TraceEntry => ({
  at: '2026-11-22T00:00:00Z', site, site_name: site, actor: null, action, action_zh: action, action_en: action, from: null, to: null, note: null, unit: null,
})

test('a story has a lane a site, the higher tier first, and marks where it crosses', () => {
  const told = story([entry('441721', 'register'), entry('441700', 'receive'), entry('441721', 'close')])
  expect(told.lanes.map((lane) => lane.site)).toEqual(['441700', '441721'])
  expect(told.beats.map((beat) => beat.lane)).toEqual([1, 0, 1])
  expect(told.beats.map((beat) => beat.crossing)).toEqual([false, true, true])
  expect(story([])).toEqual({ lanes: [], beats: [] })
})

const site = (code: string, tier: FleetSite['tier'], parent: string | null, state: FleetSite['state'] = 'same'): FleetSite => ({
  site: code, name: code, tier, parent, address: null, state, release: null, proven_at: null, details: [], generation: null,
})

describe('version matrix', () => {
  test('every site has its place, also one whose parent may not be seen', () => {
    const sites = [site('440000', 'province', null), site('441700', 'city', '440000'), site('441721', 'county', '441700'), site('441900401', 'town', '441900')]
    const shown = groups(sites).flatMap((group) => [group.head.site, ...group.members.map((one) => one.site)])
    expect(shown.sort()).toEqual(sites.map((one) => one.site).sort())
  })
  test('what is not deployed or unproven is never counted as same', () => {
    const tally = counts([site('1', 'county', null, 'not_deployed'), site('2', 'county', null, 'stale'), site('3', 'county', null, 'same')])
    expect(tally.get('same')).toBe(1)
  })
  test('no two states share a sign and a colour', () => {
    const looks = FLEET_STATES.map((state) => `${FLEET_LOOKS[state].icon} ${FLEET_LOOKS[state].meaning}`)
    expect(new Set(looks).size).toBe(FLEET_STATES.length)
    expect(new Set(Object.values(LINK_LOOKS).map((look) => look.icon)).size).toBe(4)
  })
})

describe('boundary pack', () => {
  const here = resolve(import.meta.dirname, '../src/map/boundaries-2023.json')
  const pack = JSON.parse(readFileSync(here, 'utf8')) as BoundaryPack
  const whole = atlas(pack)
  test('the copy that is built in is the content pack, byte for byte', () => {
    expect(readFileSync(here).equals(readFileSync(resolve(import.meta.dirname, '../../content/boundaries-2023/guangdong.json')))).toBe(true)
  })
  test('stays under 300 KB', () => expect(readFileSync(here).length).toBeLessThan(300 * 1024))
  test('has 21 cities and 124 counties with paths and English names', () => {
    expect(whole.cities).toHaveLength(21)
    expect(whole.counties).toHaveLength(124)
    for (const area of [...whole.cities, ...whole.counties]) {
      expect(area.path, area.code).toMatch(/^M/)
      expect(area.name_en, area.code).toMatch(/^[A-Z][A-Za-z' ]+$/)
    }
  })
  test('a city is the union of its counties, but for slivers', () => {
    for (const city of whole.cities) {
      const members = areasAt(whole, city.code).reduce((sum, county) => sum + county.size, 0)
      expect(Math.abs(city.size - members) / members, city.name).toBeLessThan(1e-3)
    }
  })
  test('every name stands inside its area, so that a label never names the neighbour', () => {
    for (const area of whole.counties) {
      expect(area.x).toBeGreaterThanOrEqual(area.box.x)
      expect(area.x).toBeLessThanOrEqual(area.box.x + area.box.width)
    }
  })
  test('the islands of the South China Sea and the line belong to the picture', () => {
    const hainan = whole.neighbours.find((area) => area.code === '460000')
    expect(hainan?.path).toBeDefined()
    expect(whole.dashes.match(/M/g)?.length).toBeGreaterThanOrEqual(10)
  })
  test('a town is found in its county', () => expect(areaOf(whole, '441721100')?.name).toBe('阳西县'))
  test('carries no map review number of its own', () => expect(pack.reviewed).toBeNull())
})
