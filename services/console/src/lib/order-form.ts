/** The rules of the intake form, the same as the hub's, said where the cursor is. The hub decides all the same. */
import type { NewOrder } from '../api/types.ts'
import type { Key, Values } from '../i18n/index.ts'

export interface OrderForm {
  matter: string
  title: string
  description: string
  channel: string
  reporter: string
  phone: string
  division: string
  address: string
  lon: string
  lat: string
}

export type FormField = keyof OrderForm
export type Complaint = { key: Key; values?: Values }
export type Complaints = Partial<Record<FormField, Complaint>>

export const EMPTY_FORM: OrderForm = {
  matter: '', title: '', description: '', channel: 'hotline', reporter: '', phone: '', division: '', address: '', lon: '', lat: '',
}
export const LONGEST = { title: 120, description: 4000, reporter: 60, address: 200 } as const
export const CHANNELS = ['hotline', 'counter', 'web', 'app', 'patrol', 'visit', 'other'] as const

// eslint-disable-next-line no-control-regex -- these are the characters that are refused
const CONTROL = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/
const PHONE = /^\+?\d[\d -]{5,19}$/
const NUMBER = /^-?\d{1,3}(\.\d{1,8})?$/
const REQUIRED: readonly FormField[] = ['matter', 'title', 'division']

/** Counts as the hub does: code points, so that 𠮷 is one character. */
export const length = (text: string): number => [...text].length

function within(text: string, least: number, most: number): boolean {
  return NUMBER.test(text) && Number(text) >= least && Number(text) <= most
}

export function complaints(form: OrderForm): Complaints {
  const found: Complaints = {}
  for (const field of REQUIRED) if (form[field].trim() === '') found[field] = { key: 'order.missing' }
  for (const [field, most] of Object.entries(LONGEST) as [keyof typeof LONGEST, number][]) {
    if (length(form[field]) > most) found[field] = { key: 'new.tooLong', values: { n: most } }
    if (CONTROL.test(form[field])) found[field] = { key: 'new.control' }
  }
  if (form.phone.trim() !== '' && !PHONE.test(form.phone.trim())) found.phone = { key: 'new.phoneBad' }
  const [lon, lat] = [form.lon.trim(), form.lat.trim()]
  if (lon !== '' && !within(lon, 73, 136)) found.lon = { key: 'new.lonBad' }
  if (lat !== '' && !within(lat, 3, 54)) found.lat = { key: 'new.latBad' }
  if ((lon === '') !== (lat === '')) found[lon === '' ? 'lon' : 'lat'] = { key: 'new.both' }
  return found
}

export function toOrder(form: OrderForm): NewOrder {
  const placed = form.lon.trim() !== '' && form.lat.trim() !== ''
  return {
    matter: form.matter,
    title: form.title.trim(),
    description: form.description.trim(),
    channel: form.channel,
    reporter: { name: form.reporter.trim(), phone: form.phone.trim() },
    division: form.division,
    address: form.address.trim(),
    location: placed ? { lon: Number(form.lon), lat: Number(form.lat) } : null,
  }
}

const FROM_HUB: Record<string, FormField> = { name: 'reporter', reporter: 'reporter', location: 'lon' }
const FIELDS = new Set<string>(Object.keys(EMPTY_FORM))

/** Which field of this form the hub's `body.reporter.phone` means; null where it is none of them. */
export function fieldOf(path: string): FormField | null {
  const last = path.split('.').at(-1) ?? ''
  if (FIELDS.has(last)) return last as FormField
  return FROM_HUB[last] ?? null
}
