/** Sends one file and tells how far it is: `fetch` cannot, so this is the one place with an XMLHttpRequest. */
import type { Attachment } from '../api/types.ts'
import { ApiProblem, Unreachable } from '../api/problem.ts'

export const UPLOAD_LIMIT = 20 * 1024 * 1024
const ADDRESS = '/api/attachments/v1'

export function upload(order: string, file: File, told: (share: number) => void): Promise<Attachment> {
  const form = new FormData()
  // The hub reads the fields before it takes the first byte of the file.
  form.set('service', 'collaboration')
  form.set('object_type', 'work_order')
  form.set('object_id', order)
  form.set('file', file, file.name)
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest()
    request.open('POST', ADDRESS)
    request.setRequestHeader('X-Yiwang-CSRF', '1')
    request.setRequestHeader('Accept', 'application/json')
    request.responseType = 'json'
    request.upload.onprogress = (event) => { if (event.lengthComputable) told(event.loaded / event.total) }
    request.onerror = () => reject(new Unreachable(ADDRESS))
    request.onload = () => {
      if (request.status === 201) resolve(request.response as Attachment)
      else reject(new ApiProblem(request.status, (request.response as object | null) ?? {}))
    }
    request.send(form)
  })
}
