/** What went wrong, as the hub says it (RFC 9457), in the reader's language. */
import { isChinese, type Language } from '../i18n/language.ts'

export interface FieldError {
  field: string
  expected: string
  /** At which character of the field, counted from 0. */
  at?: number
}

interface ProblemBody {
  type?: string
  title?: string
  title_en?: string
  detail?: string
  next?: string
  instance?: string
  errors?: FieldError[]
  /** What still hangs on a thing that cannot be closed for it. */
  uses?: { what_zh: string; what_en: string; n: number }[]
}

const HAN = /\p{Script=Han}/u

/** A sentence written "中文 / English" in one language; any other sentence as it is. */
export function inLanguage(text: string, language: Language): string {
  const cut = text.indexOf(' / ')
  if (cut < 0) return text
  const [first, second] = [text.slice(0, cut), text.slice(cut + 3)]
  if (!HAN.test(first) || HAN.test(second)) return text
  return isChinese(language) ? first : second
}

export class ApiProblem extends Error {
  readonly status: number
  readonly body: ProblemBody

  constructor(status: number, body: ProblemBody) {
    super(body.detail ?? body.title ?? `HTTP ${status}`)
    this.status = status
    this.body = body
  }

  get kind(): string {
    return (this.body.type ?? '').split(':').at(-1) ?? ''
  }

  get errors(): FieldError[] {
    return this.body.errors ?? []
  }

  title(language: Language): string {
    const chosen = isChinese(language) ? this.body.title : (this.body.title_en ?? this.body.title)
    return chosen ?? `HTTP ${this.status}`
  }

  detail(language: Language): string {
    return inLanguage(this.body.detail ?? '', language)
  }

  next(language: Language): string {
    return inLanguage(this.body.next ?? '', language)
  }
}

/** The hub did not answer at all. */
export class Unreachable extends Error {}
