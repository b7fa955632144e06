/** A list's filter kept in the address: plain texts by name, empty ones left out, another filter starts at the first page. */
import { computed, type ComputedRef } from 'vue'
import { useRoute, useRouter } from 'vue-router'

export type Filter<Name extends string> = Record<Name | 'cursor', string>

/** Reads the named parts of an address; whatever else stands there is nobody's. */
export function readFilter<Name extends string>(names: readonly Name[], query: Record<string, unknown>): Filter<Name> {
  const read = [...names, 'cursor'].map((name) => [name, typeof query[name] === 'string' ? query[name] : ''])
  return Object.fromEntries(read) as Filter<Name>
}

export const written = (filter: Record<string, string>): Record<string, string> =>
  Object.fromEntries(Object.entries(filter).filter(([, value]) => value !== ''))

export interface AddressFilter<Name extends string> {
  filter: ComputedRef<Filter<Name>>
  narrowed: ComputedRef<boolean>
  narrow: (part: Partial<Filter<Name>>) => void
  clear: () => void
}

export function useAddressFilter<Name extends string>(names: readonly Name[]): AddressFilter<Name> {
  const route = useRoute()
  const router = useRouter()
  const filter = computed(() => readFilter(names, route.query))
  return {
    filter,
    narrowed: computed(() => names.some((name) => filter.value[name] !== '')),
    narrow: (part) => { void router.push({ query: written({ ...filter.value, cursor: '', ...part }) }) },
    clear: () => { void router.push({ query: {} }) },
  }
}
