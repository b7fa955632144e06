/** Sends one form: busy while it is under way, the refusal kept beside what was typed, complaints by field. */
import { computed, ref, shallowRef, type ComputedRef, type Ref, type ShallowRef } from 'vue'
import { ApiProblem, inLanguage } from '../api/problem.ts'
import { language } from '../i18n/index.ts'
import { isSignedOut, signInAgain } from './loading.ts'

export interface Submit {
  busy: Ref<boolean>
  error: ShallowRef<unknown>
  /** What the hub says of one field, in the reader's language. */
  said: ComputedRef<(field: string) => string | undefined>
  /** Returns whether it went through. */
  send: (work: () => Promise<void>) => Promise<boolean>
}

export function useSubmit(): Submit {
  const busy = ref(false)
  const error = shallowRef<unknown>(null)
  const said = computed(() => {
    const problem = error.value
    const found = problem instanceof ApiProblem ? problem.errors : []
    return (field: string): string | undefined => {
      const complaint = found.find((one) => one.field.split('.').at(-1) === field)
      return complaint === undefined ? undefined : inLanguage(complaint.expected, language.value)
    }
  })

  async function send(work: () => Promise<void>): Promise<boolean> {
    if (busy.value) return false
    busy.value = true
    error.value = null
    try {
      await work()
      return true
    } catch (problem) {
      if (isSignedOut(problem)) signInAgain()
      error.value = problem
      return false
    } finally {
      busy.value = false
    }
  }
  return { busy, error, said, send }
}
