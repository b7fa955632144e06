/** Sends one file as a form field and returns the hub's answer; a refusal is a problem like any other. */
import { answered, lost } from '../connection.ts'
import { ApiProblem, Unreachable } from '../api/problem.ts'

export async function sendFile<T>(path: string, file: File): Promise<T> {
  const form = new FormData()
  form.set('file', file, file.name)
  let answer: Response
  try {
    answer = await fetch(path, {
      method: 'POST', body: form, credentials: 'same-origin',
      headers: { Accept: 'application/json', 'X-Yiwang-CSRF': '1' },
    })
  } catch {
    lost()
    throw new Unreachable(path)
  }
  answered()
  const body: unknown = await answer.json().catch(() => ({}))
  if (!answer.ok) throw new ApiProblem(answer.status, body as Record<string, never>)
  return body as T
}
