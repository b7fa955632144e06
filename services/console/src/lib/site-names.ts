/** A site's name in the reader's language: the English one comes with the outlines, by division code. */
import { ref } from 'vue'
import { either } from '../i18n/index.ts'
import { englishNames } from '../map/load.ts'

const names = ref<ReadonlyMap<string, string>>(new Map())
let asked = false

export function useSiteName(): (site: string, name: string) => string {
  if (!asked) {
    asked = true
    englishNames().then((loaded) => { names.value = loaded }, () => { asked = false })
  }
  return (site, name) => {
    const [code = '', instance] = site.split('-')
    const english = names.value.get(code)
    return either(name, english === undefined ? undefined : instance === undefined ? english : `${english} ${instance}`)
  }
}
