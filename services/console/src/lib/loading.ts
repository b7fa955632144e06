/** Loads what a page shows: skeleton first, the last good content kept when a reload fails, again after a reconnect. */
import { onScopeDispose, ref, shallowRef, watch, type Ref, type ShallowRef } from 'vue'
import { reconnections } from '../connection.ts'
import { forget, isSignedOut, toSignIn } from '../session.ts'

export { isSignedOut } from '../session.ts'

export interface Loading<T> {
  value: ShallowRef<T | null>
  error: ShallowRef<unknown>
  busy: Ref<boolean>
  reload: () => Promise<void>
}

export function useLoading<T>(load: (signal: AbortSignal) => Promise<T>, sources: () => unknown = () => null): Loading<T> {
  const value = shallowRef<T | null>(null)
  const error = shallowRef<unknown>(null)
  const busy = ref(false)
  let current = new AbortController()

  async function reload(): Promise<void> {
    current.abort()
    const mine = (current = new AbortController())
    busy.value = true
    try {
      const loaded = await load(mine.signal)
      if (mine.signal.aborted) return
      value.value = loaded
      error.value = null
    } catch (problem) {
      if (mine.signal.aborted) return
      if (isSignedOut(problem)) signInAgain()
      error.value = problem
    } finally {
      if (!mine.signal.aborted) busy.value = false
    }
  }

  watch(sources, () => void reload(), { immediate: true, deep: true })
  watch(reconnections, () => void reload())
  onScopeDispose(() => current.abort())
  return { value, error, busy, reload }
}

export function signInAgain(): void {
  forget()
  toSignIn(globalThis.location.pathname + globalThis.location.search)
}

/** Calls again every so often while the page is seen; a hidden tab asks nothing. */
export function useEvery(milliseconds: number, action: () => void): void {
  const timer = setInterval(() => {
    if (document.visibilityState === 'visible') action()
  }, milliseconds)
  onScopeDispose(() => clearInterval(timer))
}
