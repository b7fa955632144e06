/** A site's name in the reader's language, by the division code that its id begins with. */
import { shallowRef } from 'vue'
import { either } from '../i18n/index.ts'
import type { Named } from '../map/geometry.ts'
import { divisionNames } from '../map/load.ts'

const names = shallowRef<ReadonlyMap<string, Named>>(new Map())
let asked = false

export function useSiteName(): (site: string, name?: string) => string {
  if (!asked) {
    asked = true
    divisionNames().then((loaded) => { names.value = loaded }, () => { asked = false })
  }
  return (site, name) => {
    const [code = '', instance] = site.split('-')
    const known = names.value.get(code)
    const suffix = instance === undefined ? '' : ` ${instance}`
    return either(name ?? `${known?.name ?? code}${suffix}`, known === undefined ? name : `${known.name_en}${suffix}`)
  }
}
