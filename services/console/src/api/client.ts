/** The one door to the hub: same origin, JSON, problems as exceptions, and a lost connection noticed here. */
import { answered, lost } from '../connection.ts'
import { ApiProblem, Unreachable } from './problem.ts'

export type Query = Record<string, string | number | boolean | null | undefined>

interface Options {
  query?: Query
  body?: unknown
  headers?: Record<string, string>
  signal?: AbortSignal
}

export interface Answer<T> {
  value: T
  etag: string | null
}

export function address(path: string, query: Query = {}): string {
  const parameters = new URLSearchParams()
  for (const [name, value] of Object.entries(query)) {
    if (value !== null && value !== undefined && value !== '' && value !== false) parameters.set(name, String(value))
  }
  const text = parameters.toString()
  return text === '' ? path : `${path}?${text}`
}

async function problemOf(answer: Response): Promise<ApiProblem> {
  try {
    return new ApiProblem(answer.status, await answer.json())
  } catch {
    return new ApiProblem(answer.status, {})
  }
}

// Somebody between us and the hub (a proxy, a restart) answers these; the hub's own 503 is a problem with a body.
const GATEWAY = new Set([502, 504])

export async function call<T>(method: string, path: string, options: Options = {}): Promise<Answer<T>> {
  const headers: Record<string, string> = { Accept: 'application/json', ...options.headers }
  if (method !== 'GET') headers['X-Yiwang-CSRF'] = '1'
  if (options.body !== undefined) headers['Content-Type'] = 'application/json'
  let answer: Response
  try {
    answer = await fetch(address(path, options.query), {
      method,
      headers,
      credentials: 'same-origin',
      body: options.body === undefined ? null : JSON.stringify(options.body),
      signal: options.signal ?? null,
    })
  } catch (error) {
    if (options.signal?.aborted === true) throw error
    lost()
    throw new Unreachable(path)
  }
  if (GATEWAY.has(answer.status)) {
    lost()
    throw new Unreachable(path)
  }
  answered()
  if (!answer.ok) throw await problemOf(answer)
  const value = answer.status === 204 ? undefined : await answer.json()
  return { value: value as T, etag: answer.headers.get('ETag') }
}

export const get = async <T>(path: string, query: Query = {}, signal?: AbortSignal): Promise<T> =>
  (await call<T>('GET', path, signal === undefined ? { query } : { query, signal })).value
