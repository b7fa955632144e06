/**
 * Turns the boundary pack into SVG paths: counties as they are, cities as the union of their counties.
 * Equirectangular with the standard parallel of Guangdong; at this size nobody can tell it from a conformal one.
 */
import { feature, merge } from 'topojson-client'
import type { GeometryCollection, MultiPolygon, Polygon, Topology } from 'topojson-specification'

export interface Named {
  code: string
  name: string
  name_en: string
}

/** The committed pack of outlines; `reviewed` is the slot for a reviewed map's number (审图号). */
export interface BoundaryPack {
  pack: string
  source: string
  datum: string
  reviewed: string | null
  cities: Record<string, Named>
  detail: Topology<{ counties: GeometryCollection<Named> }>
  around: Topology<{ neighbours: GeometryCollection<Named>; dashes: GeometryCollection<Named> }>
}

export interface Box {
  x: number
  y: number
  width: number
  height: number
}

export interface Area extends Named {
  path: string
  box: Box
  /** Where the name stands: the middle of the largest part. */
  x: number
  y: number
  size: number
}

type Ring = number[][]

const STANDARD = Math.cos((23 * Math.PI) / 180)
const SCALE = 100
const project = ([lon = 0, lat = 0]: number[]): [number, number] => [lon * STANDARD * SCALE, -lat * SCALE]

const ringArea = (ring: Ring): number => {
  let sum = 0
  for (let i = 0, j = ring.length - 1; i < ring.length; j = i, i += 1) {
    const [a, b] = [ring[j] ?? [], ring[i] ?? []]
    sum += (a[0] ?? 0) * (b[1] ?? 0) - (b[0] ?? 0) * (a[1] ?? 0)
  }
  return Math.abs(sum / 2)
}

const draw = (ring: Ring, closed: boolean): string =>
  ring.map(([x = 0, y = 0], i) => `${i === 0 ? 'M' : 'L'}${x.toFixed(1)} ${y.toFixed(1)}`).join('') + (closed ? 'Z' : '')

function boxOf(rings: Ring[]): Box {
  const xs = rings.flatMap((ring) => ring.map((point) => point[0] ?? 0))
  const ys = rings.flatMap((ring) => ring.map((point) => point[1] ?? 0))
  const [x, y] = [Math.min(...xs), Math.min(...ys)]
  return { x, y, width: Math.max(...xs) - x, height: Math.max(...ys) - y }
}

/** The middle of the widest horizontal cut through the ring: always inside, also for a bay or a crescent. */
function inside(ring: Ring): [number, number] {
  const { y, height } = boxOf([ring])
  let best: [number, number] = [0, 0]
  let widest = -1
  for (const share of [0.35, 0.45, 0.5, 0.55, 0.65]) {
    const level = y + height * share
    const cuts: number[] = []
    for (let i = 0, j = ring.length - 1; i < ring.length; j = i, i += 1) {
      const [ax = 0, ay = 0] = ring[j] ?? []
      const [bx = 0, by = 0] = ring[i] ?? []
      if (ay > level !== by > level) cuts.push(ax + ((level - ay) / (by - ay)) * (bx - ax))
    }
    cuts.sort((a, b) => a - b)
    for (let i = 0; i + 1 < cuts.length; i += 2) {
      const [from = 0, to = 0] = [cuts[i], cuts[i + 1]]
      if (to - from > widest) [widest, best] = [to - from, [(from + to) / 2, level]]
    }
  }
  return best
}

/** Far small islands belong to the area, but not to the frame that a drill zooms to. */
const FRAME_SHARE = 0.02

function area(named: Named, polygons: number[][][][]): Area {
  const rings = polygons.map((polygon) => polygon.map((ring) => ring.map(project)))
  const outer = rings.map((polygon) => polygon[0] ?? [])
  const sizes = outer.map(ringArea)
  const size = sizes.reduce((sum, one) => sum + one, 0)
  const largest = outer[sizes.indexOf(Math.max(...sizes))] ?? []
  const [x, y] = inside(largest)
  return {
    ...named,
    path: rings.flat().map((ring) => draw(ring, true)).join(''),
    box: boxOf(outer.filter((_, i) => (sizes[i] ?? 0) >= size * FRAME_SHARE)),
    x, y, size,
  }
}

const polygonsOf = (geometry: { type: string; coordinates: unknown }): number[][][][] =>
  (geometry.type === 'Polygon' ? [geometry.coordinates] : geometry.coordinates) as number[][][][]

export interface Atlas {
  pack: BoundaryPack
  cities: Area[]
  counties: Area[]
  neighbours: Area[]
  dashes: string
}

export function atlas(pack: BoundaryPack): Atlas {
  const all = pack.detail.objects.counties.geometries as (Polygon<Named> | MultiPolygon<Named>)[]
  const codeOf = (geometry: { properties?: Named | undefined }): string => geometry.properties?.code ?? ''
  const cities = Object.values(pack.cities).map((city) => {
    const members = all.filter((geometry) => codeOf(geometry).startsWith(city.code.slice(0, 4)))
    return area(city, polygonsOf(merge(pack.detail, members)))
  })
  const named = (topology: Topology, object: GeometryCollection<Named>): Area[] =>
    feature(topology, object).features.map((one) => area(one.properties, polygonsOf(one.geometry as never)))
  const line = feature(pack.around, pack.around.objects.dashes).features.flatMap((one) => {
    const lines = one.geometry as unknown as { coordinates: number[][][] }
    return lines.coordinates.map((part) => draw(part.map(project), false))
  })
  return {
    pack,
    cities,
    counties: named(pack.detail, pack.detail.objects.counties),
    neighbours: named(pack.around, pack.around.objects.neighbours),
    dashes: line.join(''),
  }
}

export function union(boxes: readonly Box[]): Box {
  const x = Math.min(...boxes.map((box) => box.x))
  const y = Math.min(...boxes.map((box) => box.y))
  return {
    x, y,
    width: Math.max(...boxes.map((box) => box.x + box.width)) - x,
    height: Math.max(...boxes.map((box) => box.y + box.height)) - y,
  }
}

/** The frame of longitudes and latitudes in the map's own units. */
export function frame(west: number, south: number, east: number, north: number): Box {
  const [x, y] = project([west, north])
  const [right, bottom] = project([east, south])
  return { x, y, width: right - x, height: bottom - y }
}

/** What is shown at a division: the province's cities, a city's counties, or the city around one county. */
export function areasAt(whole: Atlas, code: string): Area[] {
  if (code.endsWith('0000')) return whole.cities
  return whole.counties.filter((county) => county.code.startsWith(code.slice(0, 4)))
}

/** The area that a division fills. A town has none of its own: its county's is shown. */
export function areaOf(whole: Atlas, code: string): Area | undefined {
  const six = code.slice(0, 6)
  return whole.cities.find((city) => city.code === six) ?? whole.counties.find((county) => county.code === six)
}
