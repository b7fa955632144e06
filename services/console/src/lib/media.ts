/** A media query as a value that follows the window. */
import { onScopeDispose, ref, type Ref } from 'vue'

export function useMedia(query: string): Ref<boolean> {
  const list = globalThis.matchMedia(query)
  const matches = ref(list.matches)
  const follow = (): void => { matches.value = list.matches }
  list.addEventListener('change', follow)
  onScopeDispose(() => list.removeEventListener('change', follow))
  return matches
}

export const calm = (): boolean => globalThis.matchMedia('(prefers-reduced-motion: reduce)').matches
